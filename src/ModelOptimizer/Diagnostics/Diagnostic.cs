namespace ModelOptimizer.Diagnostics;

public enum Severity
{
    Info,
    Warning,
    Error,
}

/// <summary>A place that a human can open. Line and column count from 1; 0 means the file, or the line, as a whole.</summary>
public sealed record SourceLocation(string File, int Line = 0, int Column = 0)
{
    public override string ToString() => (Line, Column) switch
    {
        (0, _) => File,
        (_, 0) => $"{File}({Line})",
        _ => $"{File}({Line},{Column})",
    };
}

/// <summary>A kind of diagnostic: the row that code, documentation and <c>explain</c> share.</summary>
/// <param name="Code"><c>MO</c> and four digits, the first telling the area. Never used again for something else.</param>
/// <param name="DefaultSeverity">The severity unless a profile or project says otherwise.</param>
/// <param name="Title">What is wrong, in a few words.</param>
public sealed record DiagnosticDescriptor(string Code, Severity DefaultSeverity, string Title)
{
    /// <summary>The area that the first digit names.</summary>
    public int Area => Code[2] - '0';

    /// <summary>The section of the documentation, relative to where the product's pages lie.</summary>
    public string HelpLink => $"{DiagnosticDocs.Page}#{DiagnosticDocs.Anchor(this)}";
}

/// <summary>One finding, said once, at a place.</summary>
/// <param name="Descriptor">Its kind.</param>
/// <param name="Message">A sentence with the reason and the next step.</param>
/// <param name="Location">Where to mend it; null when there is no such place.</param>
public sealed record Diagnostic(DiagnosticDescriptor Descriptor, string Message, SourceLocation? Location = null)
{
    public string Code => Descriptor.Code;

    public Severity Severity { get; init; } = Descriptor.DefaultSeverity;

    /// <summary>
    /// The canonical form that MSBuild and editors understand, on one line: <c>file(line,column): error CODE: message</c>, or
    /// <c>file : error CODE: message</c> where there is no line.
    /// </summary>
    public override string ToString()
    {
        var place = Location switch
        {
            null => "model-opt ",
            { Line: 0 } => $"{Location.File} ",
            _ => Location.ToString(),
        };
        return $"{place}: {Severity.ToString().ToLowerInvariant()} {Code}: {Message.ReplaceLineEndings(" ")}";
    }
}

/// <summary>Takes diagnostics as they are found.</summary>
public interface IDiagnosticSink
{
    void Report(Diagnostic diagnostic);
}

/// <summary>A mistake of the user's that ends the work: it carries all that there is to say.</summary>
public sealed class DiagnosticException(params IReadOnlyList<Diagnostic> diagnostics)
    : Exception(string.Join(Environment.NewLine, diagnostics))
{
    public DiagnosticException(DiagnosticDescriptor descriptor, string message, SourceLocation? location = null)
        : this(new Diagnostic(descriptor, message, location))
    {
    }

    public IReadOnlyList<Diagnostic> Diagnostics { get; } = diagnostics;
}
