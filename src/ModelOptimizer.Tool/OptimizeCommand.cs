using System.CommandLine;
using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary><c>optimize MODEL</c>: rewrites a model, measures what it kept, and holds it to its budget.</summary>
internal sealed class OptimizeCommand
{
    private readonly Argument<string?> _model = new("MODEL")
    {
        Description = "An ONNX file; by default the profile's model",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _profile = new("--profile", "-p")
    {
        Description = $"What to do; by default NAME.{ProfileChoice.DefaultFile} or {ProfileChoice.DefaultFile} beside the model, "
            + $"or {ProfileChoice.DefaultFile} here",
        HelpName = "FILE",
    };

    private readonly Option<string?> _preset = new("--preset")
    {
        Description = "A built-in profile instead of a file; 'explain presets' tells them",
        HelpName = "NAME",
    };

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "A file when it ends in .onnx, else a folder; the report lies beside the result. By default NAME.optimized.onnx here",
        HelpName = "PATH",
    };

    private readonly Option<string?> _explain = new("--explain")
    {
        Description = "List what this pass changed and what it left alone, and why",
        HelpName = "PASS",
    };

    private readonly Option<int?> _maxRewrites = new("--max-rewrites")
    {
        Description = "Stop after so many changes, to find the one that does harm",
        HelpName = "N",
        CustomParser = argument => NumberParsers.Whole("--max-rewrites", minimum: 0)(argument),
    };

    private readonly Option<bool> _profileOps = new("--profile-ops")
    {
        Description = "Time operators in both models too: name those whose quantized form is slower here, and what keeps them float",
    };

    private readonly Option<int?> _threads = new("--threads")
    {
        Description = "Compute on at most so many threads; by default one per processor. The result is the same on any number",
        HelpName = "N",
        CustomParser = argument => NumberParsers.Whole("--threads", minimum: 1)(argument),
    };

    private readonly BisectMode _bisect = new();

    private readonly RunLogs _logs = new();

    private readonly VariableOptions _variables = new();

    private readonly CacheOptions _cache = new();

    public static ToolCommand Create() => new OptimizeCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("optimize", "Make a model smaller and faster, measure what it keeps, hold it to its budget",
            "optimize model.onnx --preset cpu-int8",
            "optimize model.onnx -p model-opt.yaml -o optimized/",
            "optimize model.onnx --preset weights-int4 --explain quantize-weights",
            "optimize model.onnx --preset cpu-int8 --profile-ops",
            "optimize model.onnx -p model-opt.yaml --threads 2",
            "optimize model.onnx -p model-opt.yaml --cache",
            "optimize model.onnx -p model-opt.yaml --cache-url https://cache.example.com/models",
            "optimize model.onnx -p model-opt.yaml --summary summary.md --sarif model.sarif",
            "optimize model.onnx --bisect --data validation.npz")
        {
            _model, _profile, _preset, _output, _explain, _maxRewrites, _profileOps, _threads,
        };
        foreach (var option in _logs.Options)
            command.Options.Add(option);
        _bisect.AddTo(command);
        _variables.AddTo(command);
        _cache.AddTo(command);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        if (parsed.GetValue(_profile) is not null && parsed.GetValue(_preset) is not null)
            throw new UsageException("-p and --preset exclude each other; a profile can say 'extends: preset:NAME'");
        using var bound = Cores.Limit(parsed.GetValue(_threads));
        var isBisection = _bisect.IsAskedFor(parsed, [_output, _explain, _maxRewrites, _profileOps, .. _cache.All, .. _logs.Options]);
        using var cache = _cache.Read(parsed, besides: [_maxRewrites, _profileOps], context);
        var explained = parsed.GetValue(_explain) is { } pass ? KnownPass(pass) : null;
        if (isBisection)
        {
            _bisect.Run(parsed, Choose(parsed, context), context);
            return;
        }
        var asked = new RunLogs.Asked(parsed.GetValue(_model), parsed.GetValue(_profile));
        _logs.Run(parsed, asked, context, () => Optimize(parsed, asked, explained, cache, context));
    }

    private ModelChoice Choose(ParseResult parsed, CommandContext context) => ProfileChoice.Make(
        parsed.GetValue(_model), parsed.GetValue(_profile), parsed.GetValue(_preset), _variables.Read(parsed), context);

    private OptimizationReport Optimize(ParseResult parsed, RunLogs.Asked asked, string? explained, ResultCache? cache, CommandContext context)
    {
        var choice = Choose(parsed, context);
        asked.Chosen = choice.Model;
        var request = new OptimizationRequest(choice.Model, choice.Profile, OutputPath.For(choice.Model, parsed.GetValue(_output)))
        {
            MaxRewrites = parsed.GetValue(_maxRewrites) ?? int.MaxValue,
            ModelLocation = choice.NamedAt,
            ProfileOperators = parsed.GetValue(_profileOps),
        };
        var result = Optimize(request, cache, context);
        IgnoredArrays.Tell(context, result.IgnoredArrays);
        Write(result, explained, context);
        return result.Report;
    }

    private static OptimizationResult Optimize(OptimizationRequest request, ResultCache? cache, CommandContext context)
    {
        var diagnostics = new DiagnosticBag();
        try
        {
            var engine = new OnnxRuntimeEngine();
            return ProgressReporter.Run(context, progress => cache is null
                ? new Optimizer(engine, diagnostics, progress).Run(request, context.Cancellation)
                : new CachedOptimizer(engine, cache, diagnostics, progress) { Notice = line => context.Notice(request.OutputPath, line) }
                    .Run(request, context.Cancellation));
        }
        finally
        {
            foreach (var diagnostic in diagnostics.Diagnostics)
                context.Report(diagnostic);
        }
    }

    private static void Write(OptimizationResult result, string? explained, CommandContext context)
    {
        context.WriteEvent(OptimizationEvent.Of(result), EventJson.Readable.OptimizationEvent);
        if (context.IsJson)
            context.WriteJson(OptimizationOutcome.Of(result), ToolJson.Readable.OptimizationOutcome);
        // The result is the file; what was asked for in so many words is still shown.
        if (context.IsText && !context.IsQuiet)
            new OptimizationSummary(context, result.Report).Write();
        if (context.IsText && result.Report.Operators is { } operators)
            new OperatorsText(context, operators).Write();
        if (context.IsText && explained is not null)
            new PassExplanation(context, result.Report, explained).Write();
        context.Say($"{(result.Accepted ? "Wrote" : "Rejected; for inspection see")} {Near(result.ModelPath)} and {Near(result.ReportPath)}"
            + OptimizationEvent.Origin(result.Source));
    }

    /// <summary>A path as one would type it here.</summary>
    private static string Near(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private static string KnownPass(string name)
    {
        var names = PassRegistry.All.Select(pass => pass.Name).ToList();
        return names.Contains(name) ? name : throw new UsageException($"There is no pass '{name}'{Suggestion.ClauseOrList(name, names)}");
    }
}
