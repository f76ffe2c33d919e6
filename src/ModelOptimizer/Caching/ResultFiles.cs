using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Caching;

/// <summary>The files of a result under the names that an entry gives them.</summary>
internal sealed class ResultFiles
{
    public const string Model = "model.onnx", Data = "model.onnx.data", Ranges = "ranges.json", Account = "run.json";

    private readonly List<Func<Stream>> _contents = [];

    /// <exception cref="IOException">Another run took the output away.</exception>
    public ResultFiles(OptimizationResult result, CachedRun account)
    {
        var folder = Path.GetDirectoryName(result.ModelPath)!;
        foreach (var (name, made) in new[] { Model, Data }.Zip(result.Report.Result.Files))
        {
            var path = Path.Combine(folder, made.File);
            Add(name, () => File.OpenRead(path), new Digest { Hash = made.Sha256, SizeBytes = new FileInfo(path).Length });
        }
        if (result.Found.Ranges is { } ranges)
            Add(Ranges, ranges);
        Add(Account, account.ToJson());
    }

    /// <summary>Lists them.</summary>
    public ActionResult Entry { get; } = new();

    /// <summary>What they take together, with the list.</summary>
    public long Bytes => Entry.CalculateSize() + Entry.OutputFiles.Sum(file => file.Digest.SizeBytes);

    /// <exception cref="PoisonedEntryException">Another run has changed the output since.</exception>
    public void AddTo(LocalStore store)
    {
        foreach (var (file, open) in Entry.OutputFiles.Zip(_contents))
        {
            using var content = open();
            store.Add(content, file);
        }
    }

    private void Add(string name, byte[] content) => Add(name, () => new MemoryStream(content), Blob.Copy(new MemoryStream(content), Stream.Null));

    private void Add(string name, Func<Stream> open, Digest digest)
    {
        Entry.OutputFiles.Add(new OutputFile { Path = name, Digest = digest });
        _contents.Add(open);
    }
}
