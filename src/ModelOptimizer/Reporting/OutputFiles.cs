namespace ModelOptimizer.Reporting;

/// <summary>The files that a run may write, all beside the output.</summary>
/// <param name="Model">The result, once it is accepted.</param>
public sealed record OutputFiles(string Model)
{
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Model))!;

    /// <summary>Where a candidate waits for its verdict, and stays for inspection when it breaks a budget: nothing takes it for the result.</summary>
    public string RejectedFolder => Path.Combine(Folder, "rejected");

    public string Rejected => Path.Combine(RejectedFolder, Path.GetFileName(Model));

    public string Report => Path.Combine(Folder, Path.GetFileNameWithoutExtension(Model) + ".report.json");
}
