namespace ModelOptimizer.Reporting;

/// <summary>The files that a run may write, all beside the output.</summary>
/// <param name="Model">The result, once it is accepted.</param>
public sealed record OutputFiles(string Model)
{
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Model))!;

    /// <summary>Where a candidate that breaks a budget is kept for inspection: nothing takes it for the result.</summary>
    public string RejectedFolder => Path.Combine(Folder, "rejected");

    public string Report => Path.Combine(Folder, Path.GetFileNameWithoutExtension(Model) + ".report.json");
}
