using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>
/// A result out of the cache: verified, judged by the budget of the day, put into words, and its model written in full beside where it goes. So
/// whatever is wrong with it shows before anything is replaced.
/// </summary>
internal sealed class CachedResult : IDisposable
{
    private readonly ActionResult _entry;
    private readonly LocalStore _store;
    private readonly OutputFiles _output;
    private readonly RunFindings _found;
    private readonly RunEnding _ending;
    private readonly StagedModel? _staged;

    /// <param name="entry">What the files of the result are.</param>
    /// <param name="store">Has them.</param>
    /// <param name="request">Where the result goes, and the budget.</param>
    /// <param name="places">Of the run at hand.</param>
    /// <exception cref="PoisonedEntryException">Something is not what was stored.</exception>
    /// <exception cref="IOException">The cache can't be read.</exception>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public CachedResult(ActionResult entry, LocalStore store, OptimizationRequest request, RunPlaces places)
    {
        (_entry, _store, _output) = (entry, store, new OutputFiles(request.OutputPath));
        var account = Read(ResultFiles.Account) ?? throw new PoisonedEntryException("it lacks the account of the run");
        (_found, _ending, Unlucky) = Understand(account, Read(ResultFiles.Ranges), request, places);
        var listed = Digests([ResultFiles.Model, ResultFiles.Data]).ToList();
        if (listed.Count == 0 || !listed.SequenceEqual(_found.Account.Result.Files.Select(file => file.Sha256)))
            throw new PoisonedEntryException("its report tells of another model");
        if (Unlucky is null)
            _staged = StagedModel.Make(_output, Stage);
    }

    /// <summary>
    /// A metric that a clock measured and that breaks the budget: another moment may not. Null when there is none; else there is nothing to place.
    /// </summary>
    public string? Unlucky { get; }

    /// <summary>Where it was found.</summary>
    public required ResultSource Source { get; init; }

    /// <summary>Puts the result in place or aside, and reports.</summary>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public OptimizationResult Place(DiagnosticBag diagnostics)
    {
        foreach (var told in _found.Diagnostics.Concat(_ending.Broken))
            diagnostics.Report(told);
        return _ending.Settle(_staged!, _output) with { Source = Source };
    }

    public void Dispose() => _staged?.Dispose();

    /// <summary>Writes; trouble is the file's, not that of whatever is read meanwhile.</summary>
    internal static Action<ReadOnlyMemory<byte>> Into(Stream target, string path) =>
        part => FileProblems.Guard(path, () => target.Write(part.Span));

    /// <summary>Digests vouch for what was stored, not for its sense: whoever may write to the cache may have made it up.</summary>
    private static (RunFindings, RunEnding, string? Unlucky) Understand(byte[] json, byte[]? ranges, OptimizationRequest request, RunPlaces places)
    {
        try
        {
            var account = CachedRun.Read(json);
            var found = new RunFindings(account.Report, account.Measurements())
            {
                Diagnostics = [.. account.Findings.Select(finding => finding.At(places))],
                Ranges = ranges,
            };
            var ending = new RunEnding(request, found);
            var unlucky = ending.Verdicts.FirstOrDefault(verdict => !verdict.Passed && account.Timed.Contains(verdict.Limit.Metric));
            return (found, ending, unlucky?.Limit.Metric);
        }
        catch (Exception e) when (e is not (PoisonedEntryException or IOException or UnauthorizedAccessException or OutOfMemoryException))
        {
            throw new PoisonedEntryException("its account of the run makes no sense");
        }
    }

    private List<string> Stage(string path)
    {
        List<string> written = [];
        foreach (var (name, target) in new[] { (ResultFiles.Model, path), (ResultFiles.Data, path + ".data") })
            if (Find(name) is { } file)
            {
                using var stream = Create(target);
                _store.Read(file, Into(stream, _output.Model));
                written.Add(target);
            }
        return written;
    }

    /// <summary>Without a buffer: nothing is left to write when it is closed.</summary>
    private FileStream Create(string path)
    {
        FileStream? made = null;
        FileProblems.Guard(_output.Model, () => made = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0));
        return made!;
    }

    private byte[]? Read(string name)
    {
        if (Find(name) is not { } file)
            return null;
        using var content = new MemoryStream();
        _store.Read(file, part => content.Write(part.Span));
        return content.ToArray();
    }

    private IEnumerable<string> Digests(IEnumerable<string> names) => names.Select(Find).OfType<OutputFile>().Select(file => file.Digest.Hash);

    private OutputFile? Find(string name) => _entry.OutputFiles.FirstOrDefault(file => file.Path == name);
}
