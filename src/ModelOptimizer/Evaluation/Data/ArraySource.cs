namespace ModelOptimizer.Evaluation.Data;

/// <summary>Arrays, JSON lines and recorded tensors as samples, one file or folder after the other.</summary>
internal sealed class ArraySource(IReadOnlyList<string> files, DataRequest request)
{
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);
    private IReadOnlyList<Unit>? _units;

    /// <summary>Arrays seen so far that the model has no use for.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <summary>How many samples there are: reads headers of arrays, and through all lines.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">A file can't be read, or does not fit the model.</exception>
    public int Count() => checked((int)Units.Sum(unit => unit.Count.Value));

    /// <param name="isWanted">
    /// Takes a sample's place; null wants all. Of those not wanted nothing is made, and files of such alone stay closed.
    /// </param>
    /// <exception cref="Diagnostics.DiagnosticException">A file can't be read, or does not fit the model.</exception>
    public IEnumerable<Sample> Read(Predicate<long>? isWanted)
    {
        var first = 0L;
        foreach (var unit in Units)
        {
            var start = first;
            first += isWanted is null ? 0 : unit.Count.Value;
            if (isWanted is not null && !IsAnyWanted(isWanted, start, first))
                continue;
            foreach (var sample in unit.Read(isWanted is null ? null : index => isWanted(start + index)))
                yield return sample;
        }
    }

    private static bool IsAnyWanted(Predicate<long> isWanted, long start, long end)
    {
        while (start < end && !isWanted(start))
            start++;
        return start < end;
    }

    private IReadOnlyList<Unit> Units => _units ??= [.. files.GroupBy(FolderOrFile).SelectMany(unit => UnitsOf(unit.Key, [.. unit]))];

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

    private sealed class Unit(Func<long> count, Func<Predicate<long>?, IEnumerable<Sample>> read)
    {
        /// <summary>Found once: it takes a look into the files.</summary>
        public Lazy<long> Count { get; } = new(count);

        public Func<Predicate<long>?, IEnumerable<Sample>> Read { get; } = read;
    }
}
