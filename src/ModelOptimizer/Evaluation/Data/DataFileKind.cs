namespace ModelOptimizer.Evaluation.Data;

/// <summary>Files that are read alike.</summary>
/// <param name="Name">What messages call one.</param>
/// <param name="Expected">In which formats they come, for messages.</param>
/// <param name="Extensions">By which they are known, case aside.</param>
internal sealed record DataFileKind(string Name, string Expected, IReadOnlyList<string> Extensions)
{
    public bool Has(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
