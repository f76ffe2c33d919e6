namespace ModelOptimizer.Diagnostics;

/// <summary>Keeps diagnostics in the order found.</summary>
public sealed class DiagnosticBag : IDiagnosticSink
{
    private readonly List<Diagnostic> _diagnostics = [];

    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    public bool HasErrors => _diagnostics.Exists(d => d.Severity == Severity.Error);

    public void Report(Diagnostic diagnostic) => _diagnostics.Add(diagnostic);

    /// <summary>Ends the work with everything reported when an error is among it.</summary>
    /// <exception cref="DiagnosticException">An error was reported.</exception>
    public void ThrowIfErrors()
    {
        if (HasErrors)
            throw new DiagnosticException([.. _diagnostics]);
    }
}
