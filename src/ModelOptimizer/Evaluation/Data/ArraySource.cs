namespace ModelOptimizer.Evaluation.Data;

/// <summary>Arrays, JSON lines and recorded tensors as samples, one file or folder after the other.</summary>
internal sealed class ArraySource(IReadOnlyList<string> files, DataRequest request)
{
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <summary>Arrays seen so far that the model has no use for.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <summary>How many samples there are: reads headers of arrays, and through all lines.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">A file can't be read, or does not fit the model.</exception>
    public int Count() => checked((int)Units().Sum(unit => unit.Count()));

    /// <param name="isWanted">Takes a sample's place; null wants all. Of those not wanted nothing is made.</param>
    /// <exception cref="Diagnostics.DiagnosticException">A file can't be read, or does not fit the model.</exception>
    public IEnumerable<Sample> Read(Predicate<long>? isWanted)
    {
        var first = 0L;
        foreach (var unit in Units())
        {
            var start = first;
            foreach (var sample in unit.Read(isWanted is null ? null : index => isWanted(start + index)))
                yield return sample;
            first += isWanted is null ? 0 : unit.Count();
        }
    }

    private IEnumerable<Unit> Units() => files.GroupBy(FolderOrFile).SelectMany(unit => UnitsOf(unit.Key, [.. unit]));

    /// <summary>What belongs together: an archive or a JSON file is whole, the arrays and tensors of a folder make one unit.</summary>
    private static string FolderOrFile(string file) => DataSet.ExtensionOf(file) is ".npy" or ".pb" ? Path.GetDirectoryName(file) + DataSet.ExtensionOf(file) : file;

    private IEnumerable<Unit> UnitsOf(string unit, string[] files) => DataSet.ExtensionOf(files[0]) switch
    {
        ".npz" => [new Unit(() => WithArchive(files[0], set => set.Count), isWanted => ReadArchive(files[0], isWanted))],
        ".npy" => NpyFolder.Sets(files).Select(set => new Unit(() => Fit(set).Count, isWanted => Fit(set).Read(isWanted))),
        ".pb" => [new Unit(() => 1, isWanted => isWanted?.Invoke(0) == false ? [] : [TestDataSet.Read(files, unit[..^".pb".Length], request)])],
        _ => [new Unit(() => new JsonLines(files[0], request).Count(), isWanted => ReadLines(files[0], isWanted))],
    };

    private long WithArchive(string file, Func<ArraySet, long> look)
    {
        using var archive = new NpzFile(file);
        return look(Fit(file, archive.Arrays));
    }

    private IEnumerable<Sample> ReadArchive(string file, Predicate<long>? isWanted)
    {
        using var archive = new NpzFile(file);
        foreach (var sample in Fit(file, archive.Arrays).Read(isWanted))
            yield return sample;
    }

    private ArraySet Fit(IReadOnlyList<string> set) =>
        Fit(set.Count == 1 ? set[0] : Path.GetDirectoryName(set[0])!, NpyFolder.Arrays(set, request));

    private ArraySet Fit(string source, IReadOnlyList<DataArray> arrays)
    {
        var set = new ArraySet(source, arrays, request);
        _ignored.UnionWith(set.Ignored);
        return set;
    }

    private IEnumerable<Sample> ReadLines(string file, Predicate<long>? isWanted)
    {
        var lines = new JsonLines(file, request);
        foreach (var sample in lines.Read(isWanted))
            yield return sample;
        _ignored.UnionWith(lines.Ignored);
    }

    private sealed record Unit(Func<long> Count, Func<Predicate<long>?, IEnumerable<Sample>> Read);
}
