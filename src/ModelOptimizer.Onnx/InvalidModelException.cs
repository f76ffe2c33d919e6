namespace ModelOptimizer.Onnx;

/// <summary>What is wrong with a model file.</summary>
public enum ModelProblem
{
    FileMissing,
    Folder,
    CannotRead,
    FileEmpty,
    NotAModel,
    TextFile,
    HtmlPage,
    GitLfsPointer,
    Truncated,
    TooLarge,
    TooDeep,
    Cyclic,
    DuplicateName,
    UndefinedName,
    ExternalDataMissing,
    ExternalDataTooShort,
    ExternalDataOutside,
    InvalidTensor,
    CannotWrite,
}

/// <summary>A model that can't be read or written, with the reason in words for the person who made it.</summary>
public sealed class InvalidModelException(ModelProblem problem, string message, string? path = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ModelProblem Problem { get; } = problem;

    /// <summary>The file at fault, when there is one.</summary>
    public string? Path { get; } = path;
}
