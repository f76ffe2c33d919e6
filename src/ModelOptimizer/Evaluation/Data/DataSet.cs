using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Real inputs for a model, from any number of data files. An array of the input's own rank is cut along its first (batch) axis, one with an
/// axis more is a stack of samples fed whole, a scalar for a scalar input serves every sample. Samples are read one at a time.
/// </summary>
public sealed class DataSet
{
    private readonly IReadOnlyList<string> _paths;
    private readonly DataRequest _request;
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <param name="paths">Files, folders and globs.</param>
    /// <param name="request">What the model wants.</param>
    /// <exception cref="DiagnosticException">A path leads nowhere.</exception>
    public DataSet(IReadOnlyList<string> paths, DataRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _paths = paths;
        _request = request;
        Files = DataFiles.Expand(paths, request.NamedAt);
    }

    /// <summary>Every file the samples come from.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Arrays seen so far that the model has no use for.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <summary>The samples in order, up to the request's limit.</summary>
    /// <exception cref="DiagnosticException">
    /// While enumerating: a file can't be read, does not fit the model, or there is no sample at all.
    /// </exception>
    public IEnumerable<Sample> Read()
    {
        var index = 0;
        foreach (var sample in Files.GroupBy(UnitOf).SelectMany(unit => ReadUnit(unit.Key, [.. unit])).Take(_request.Limit))
            yield return sample with { Index = index++ };
        if (index == 0)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch, "The data has no samples", new SourceLocation(_paths[0]));
    }

    /// <summary>What belongs together: an archive or a JSON file is whole, the arrays and tensors of a folder make one unit.</summary>
    private static string UnitOf(string file) => ExtensionOf(file) is ".npy" or ".pb" ? Path.GetDirectoryName(file) + ExtensionOf(file) : file;

    private IEnumerable<Sample> ReadUnit(string unit, string[] files) => ExtensionOf(files[0]) switch
    {
        ".npz" => ReadArchive(files[0]),
        ".npy" => NpyFolder.Sets(files).SelectMany(ReadArrays),
        ".pb" => [TestDataSet.Read(files, unit[..^".pb".Length], _request)],
        _ => ReadLines(files[0]),
    };

    private IEnumerable<Sample> ReadArchive(string file)
    {
        using var archive = new NpzFile(file);
        foreach (var sample in Fit(file, archive.Arrays))
            yield return sample;
    }

    private IEnumerable<Sample> ReadArrays(IReadOnlyList<string> files) =>
        Fit(files.Count == 1 ? files[0] : Path.GetDirectoryName(files[0])!, NpyFolder.Arrays(files, _request));

    private IEnumerable<Sample> Fit(string source, IReadOnlyList<DataArray> arrays)
    {
        var set = new ArraySet(source, arrays, _request);
        _ignored.UnionWith(set.Ignored);
        return set.Read();
    }

    private IEnumerable<Sample> ReadLines(string file)
    {
        var lines = new JsonLines(file, _request);
        foreach (var sample in lines.Read())
            yield return sample;
        _ignored.UnionWith(lines.Ignored);
    }

#pragma warning disable CA1308 // Extensions are compared in their usual case.
    private static string ExtensionOf(string file) => Path.GetExtension(file).ToLowerInvariant();
#pragma warning restore CA1308
}
