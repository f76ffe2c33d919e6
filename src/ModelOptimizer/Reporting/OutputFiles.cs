namespace ModelOptimizer.Reporting;

/// <summary>The files that a run may write, all beside the output.</summary>
/// <param name="Model">The result, once it is accepted.</param>
public sealed record OutputFiles(string Model)
{
    /// <summary>A candidate that breaks a budget: for inspection, under a name that nothing takes for the result.</summary>
    public string Rejected => Named(".rejected.onnx");

    public string Report => Named(".report.json");

    private string Named(string extension) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Model))!, Path.GetFileNameWithoutExtension(Model) + extension);
}
