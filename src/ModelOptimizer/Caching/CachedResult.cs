using ModelOptimizer.Budgets;
using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>A result out of the cache, verified, and its model written in full beside where it goes.</summary>
internal sealed class CachedResult : IDisposable
{
    private const string Model = "model.onnx", Data = "model.onnx.data", Ranges = "ranges.json", Account = "run.json";

    private readonly StagedModel _staged;
    private readonly OutputFiles _output;
    private readonly CachedRun _account;
    private readonly IReadOnlyList<Diagnostic> _findings;
    private readonly byte[]? _ranges;

    /// <param name="entry">What the files of the result are.</param>
    /// <param name="store">Has them.</param>
    /// <param name="output">Where the result goes.</param>
    /// <param name="places">Of the run at hand.</param>
    /// <exception cref="PoisonedEntryException">Something is not what was stored.</exception>
    /// <exception cref="IOException">The cache can't be read.</exception>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public CachedResult(ActionResult entry, LocalStore store, OutputFiles output, RunPlaces places)
    {
        _output = output;
        _account = CachedRun.Read(Read(Account) ?? throw new PoisonedEntryException("it lacks the account of the run"));
        _findings = [.. _account.Findings.Select(finding => finding.At(places))];
        _ranges = Read(Ranges);
        _staged = StagedModel.Make(output, path =>
        {
            var model = Copy(Model, path) ?? throw new PoisonedEntryException("it lacks the model");
            return Copy(Data, path + ".data") is { } data ? [model, data] : [model];
        });

        OutputFile? Find(string name) => entry.OutputFiles.FirstOrDefault(file => file.Path == name);

        byte[]? Read(string name)
        {
            if (Find(name) is not { } file)
                return null;
            using var content = new MemoryStream();
            store.Read(file, content);
            return content.ToArray();
        }

        string? Copy(string name, string path)
        {
            if (Find(name) is not { } file)
                return null;
            using var target = Create(path);
            store.Read(file, target);
            return path;
        }
    }

    /// <summary>Where it was found.</summary>
    public required ResultSource Source { get; init; }

    /// <summary>Puts the files of a result into the store.</summary>
    /// <returns>Null when another run has changed them since.</returns>
    public static ActionResult? Store(OptimizationResult result, CachedRun account, LocalStore store)
    {
        var entry = new ActionResult();
        string[] names = [Model, Data];
        foreach (var (i, made) in result.Report.Result.Files.Index())
        {
            Add(names[i], File.OpenRead(Path.Combine(Path.GetDirectoryName(result.ModelPath)!, made.File)));
            if (entry.OutputFiles[i].Digest.Hash != made.Sha256)
                return null;
        }
        if (result.Ranges is { } ranges)
            Add(Ranges, new MemoryStream(ranges));
        Add(Account, new MemoryStream(account.ToJson()));
        return entry;

        void Add(string name, Stream content)
        {
            using (content)
                entry.OutputFiles.Add(new OutputFile { Path = name, Digest = store.Add(content) });
        }
    }

    /// <summary>Judges the result by a profile's budget, puts it in place or aside, and reports.</summary>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public OptimizationResult Place(OptimizationRequest request, DiagnosticBag diagnostics)
    {
        foreach (var finding in _findings)
            diagnostics.Report(finding);
        var measured = _account.Measurements();
        var verdicts = BudgetChecker.Check(request.Profile.Budget, measured);
        var accepted = BudgetChecker.Judge(verdicts, diagnostics);
        FileProblems.Guard(_output.Model, () => _staged.Settle(accepted));
        var report = _account.Report with
        {
            Accepted = accepted,
            Profile = FileDigest.Of(request.Profile.Files),
            Metrics = ReportBuilder.Metrics(measured),
            Budget = ReportBuilder.Budget(verdicts),
            Diagnostics = ReportBuilder.Diagnostics(diagnostics.Diagnostics),
        };
        ReportFiles.Write(report, _output);
        if (_ranges is not null)
            FileProblems.Guard(_output.Ranges, () => WholeFile.Write(_output.Ranges, _ranges));
        return new OptimizationResult(report, _staged.Files[0], _output.Report)
        {
            Source = Source,
            Measured = measured,
            Findings = _findings,
            Ranges = _ranges,
        };
    }

    public void Dispose() => _staged.Dispose();

    private FileStream Create(string path)
    {
        FileStream? made = null;
        FileProblems.Guard(_output.Model, () => made = new FileStream(path, FileMode.CreateNew, FileAccess.Write));
        return made!;
    }
}
