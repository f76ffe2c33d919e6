using System.CommandLine;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>bench MODEL [OTHER…]</c>: how long models take, against each other and operator by operator.</summary>
internal sealed class BenchCommand
{
    private readonly Argument<string[]> _models = new("MODEL")
    {
        Description = "ONNX files that take the same inputs; times are compared with the first one's",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "What to run on: .npz, .npy, .jsonl or test_data_set_* folders. Inputs are made up where none is given",
        HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly ProfileData _profile = new();

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Rows per run",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
        CustomParser = NumberParsers.Whole("--batch", minimum: 1),
    };

    private readonly Option<int?> _length = new("--length")
    {
        Description = "Length of other open axes in made-up inputs; by default one that works",
        HelpName = "N",
        CustomParser = argument => NumberParsers.Whole("--length", minimum: 1)(argument),
    };

    private readonly Option<int[]> _threads = new("--threads")
    {
        Description = "Threads within an operator; several numbers are measured one after the other",
        HelpName = "N",
        DefaultValueFactory = _ => [1],
        AllowMultipleArgumentsPerToken = true,
        CustomParser = NumberParsers.Wholes("--threads", minimum: 1),
    };

    private readonly Option<int?> _rounds = new("--rounds")
    {
        Description = "Rounds that count, each with one run of every model",
        HelpName = "N",
        CustomParser = argument => NumberParsers.Whole("--rounds", minimum: 1)(argument),
    };

    private readonly Option<TimeSpan> _time = new("--time")
    {
        Description = "How long to go on without --rounds, for at least 15 rounds",
        HelpName = "TIME",
        DefaultValueFactory = _ => TimeSpan.FromSeconds(3),
        CustomParser = NumberParsers.Time("--time"),
    };

    private readonly Option<bool> _ops = new("--ops")
    {
        Description = "Say as well where the time goes: by operator type and by the slowest kernels",
    };

    public static ToolCommand Create() => new BenchCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("bench",
            "Measure how long models take, in interleaved rounds, and how much memory; operator by operator with --ops",
            "bench model.onnx small.onnx",
            "bench model.onnx small.onnx --data validation.npz --threads 1 2",
            "bench model.onnx small.onnx -p model-opt.yaml",
            "bench model.onnx --ops --rounds 50")
        {
            _models, _data,
        };
        _profile.AddTo(command);
        foreach (var option in new Option[] { _batch, _length, _threads, _rounds, _time, _ops })
            command.Options.Add(option);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        var paths = parsed.GetValue(_models)!;
        if (parsed.GetValue(_rounds) is not null && parsed.GetResult(_time) is { Implicit: false })
            throw new UsageException("--rounds and --time exclude each other");
        var settings = Settings(parsed);
        if (settings.NamesData && parsed.GetValue(_length) is not null)
            throw new UsageException("--length is for made-up inputs; real ones bring their own lengths");
        var models = paths.Select(path => (Name: path, Model: OnnxModel.Load(path))).ToList();
        var outcome = ProgressReporter.Run(context, progress => Measure(parsed, models, settings, progress, context));
        if (context.IsJson)
            context.WriteJson(outcome, ToolJson.Readable.BenchOutcome);
        else
            new BenchText(context, outcome).Write();
    }

    /// <summary>Of a profile's data for calibration only the batch is of no use: that is a matter of judging.</summary>
    private DataSettings Settings(ParseResult parsed)
    {
        var isBatchSaid = parsed.GetResult(_batch) is { Implicit: false };
        return _profile.Read(parsed, _data) switch
        {
            null => new EvaluateSettings { Batch = parsed.GetValue(_batch) },
            EvaluateSettings { Location: null } own => own with { Batch = parsed.GetValue(_batch) },
            EvaluateSettings evaluate => isBatchSaid ? evaluate with { Batch = parsed.GetValue(_batch) } : evaluate,
            _ when isBatchSaid => throw new UsageException("--batch goes with --data or a profile's 'evaluate:'; 'calibration:' is read row by row"),
            var calibration => calibration,
        };
    }

    private BenchOutcome Measure(ParseResult parsed, List<(string Name, OnnxModel Model)> models, DataSettings settings, IProgress<string> progress,
        CommandContext context)
    {
        var engine = new OnnxRuntimeEngine();
        progress.Report("load");
        var samples = BenchSamples.Take(engine, [.. models.Select(model => model.Model)], settings, parsed.GetValue(_length),
            isBatchAsked: parsed.GetResult(_batch) is { Implicit: false });
        var rounds = new RoundSettings { Rounds = parsed.GetValue(_rounds), Time = parsed.GetValue(_time) };
        var bench = new LatencyBench(engine, models, samples);
        using var memory = MemoryProbe.For(samples);
        var runs = new List<BenchRun>();
        foreach (var threads in parsed.GetValue(_threads)!)
        {
            progress.Report($"{threads} thread{(threads == 1 ? "" : "s")}");
            var measured = bench.Measure(threads, rounds, context.Cancellation);
            var operators = parsed.GetValue(_ops) ? bench.Profile(threads, rounds, context.Cancellation).Select(OperatorTimes.Of).ToList() : null;
            progress.Report("memory");
            var uses = models.Select(model => memory.Measure(model.Name, threads, context)).ToList();
            runs.Add(BenchRun.Of(threads, measured.Rounds, [.. models.Select(model => model.Name)], measured.Models, operators, uses));
        }
        var batch = (int)samples.Samples.Max(sample => sample.Rows);
        return new BenchOutcome(1, engine.Description, samples.Source, samples.IsGenerated, samples.Samples.Count, batch, runs);
    }
}
