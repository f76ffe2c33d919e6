using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Reporting;

/// <summary>The files that a run may write, all beside the output.</summary>
/// <param name="Model">The result, once it is accepted.</param>
public sealed record OutputFiles(string Model)
{
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Model))!;

    /// <summary>Where a candidate that breaks a budget is kept for inspection: nothing takes it for the result.</summary>
    public string RejectedFolder => Path.Combine(Folder, "rejected");

    /// <summary>Where external data would go.</summary>
    public string Data => Model + ".data";

    public string Report => Path.Combine(Folder, Path.GetFileNameWithoutExtension(Model) + ".report.json");

    /// <summary>The same as <see cref="Report"/> for people.</summary>
    public string Page => Path.Combine(Folder, Path.GetFileNameWithoutExtension(Model) + ".report.html");

    /// <summary>Ranges that calibration measured.</summary>
    public string Ranges => Path.Combine(Folder, Path.GetFileNameWithoutExtension(Model) + ".ranges.json");

    /// <exception cref="DiagnosticException">One of the files to write is one of those that the original was read from.</exception>
    public void RefuseToReplace(IEnumerable<string> originals)
    {
        string[] written = [Path.GetFullPath(Model), Path.GetFullPath(Data)];
        if (originals.Select(Path.GetFullPath).FirstOrDefault(written.Contains) is { } original)
            throw new DiagnosticException(DiagnosticCatalog.CannotWrite,
                "The file belongs to the original, which is never overwritten. Name another file or folder for the result", new SourceLocation(original));
    }
}
