using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnostics;

/// <summary>The one place that tells which diagnostic a problem with a model file is.</summary>
public static class ModelProblems
{
    /// <summary>The kind of diagnostic for a problem.</summary>
    public static DiagnosticDescriptor Descriptor(ModelProblem problem) => problem switch
    {
        ModelProblem.FileMissing or ModelProblem.Folder => DiagnosticCatalog.ModelNotFound,
        ModelProblem.FileEmpty => DiagnosticCatalog.ModelEmpty,
        ModelProblem.NotAModel or ModelProblem.TextFile or ModelProblem.HtmlPage or ModelProblem.TooDeep => DiagnosticCatalog.NotAModel,
        ModelProblem.GitLfsPointer => DiagnosticCatalog.GitLfsPointer,
        ModelProblem.Truncated => DiagnosticCatalog.ModelTruncated,
        ModelProblem.TooLarge => DiagnosticCatalog.ModelTooLarge,
        ModelProblem.Cyclic => DiagnosticCatalog.CyclicGraph,
        ModelProblem.DuplicateName => DiagnosticCatalog.DuplicateName,
        ModelProblem.UndefinedName => DiagnosticCatalog.UndefinedName,
        ModelProblem.ExternalDataMissing => DiagnosticCatalog.ExternalDataMissing,
        ModelProblem.ExternalDataTooShort => DiagnosticCatalog.ExternalDataTooShort,
        ModelProblem.ExternalDataOutside => DiagnosticCatalog.ExternalDataOutside,
        ModelProblem.InvalidTensor => DiagnosticCatalog.InvalidTensor,
        ModelProblem.CannotRead => DiagnosticCatalog.CannotRead,
        ModelProblem.CannotWrite => DiagnosticCatalog.CannotWrite,
        _ => DiagnosticCatalog.InternalError,
    };

    /// <summary>The diagnostic for a model that can't be read or written.</summary>
    /// <param name="location">Where the user named the file: a missing or unwritable one is mended there, a bad one where it lies.</param>
    public static Diagnostic ToDiagnostic(this InvalidModelException exception, SourceLocation? location = null) =>
        new(Descriptor(exception.Problem), exception.Message,
            (exception.Problem is ModelProblem.FileMissing or ModelProblem.CannotWrite ? location : null) ?? (exception.Path is { } path ? new SourceLocation(path) : null));

    /// <summary>Runs <paramref name="work"/> and turns a bad model or an unwritable place into its diagnostic.</summary>
    /// <exception cref="DiagnosticException">The model can't be read or written.</exception>
    public static T Guard<T>(Func<T> work, SourceLocation? location = null)
    {
        try
        {
            return work();
        }
        catch (InvalidModelException problem)
        {
            throw new DiagnosticException(problem.ToDiagnostic(location));
        }
    }
}
