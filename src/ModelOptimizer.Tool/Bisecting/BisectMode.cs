using System.CommandLine;
using System.Globalization;
using ModelOptimizer.Bisection;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>optimize --bisect</c>: instead of writing a model, finds the first rewrite that changes what it answers.</summary>
internal sealed class BisectMode
{
    private readonly Option<bool> _bisect = new("--bisect")
    {
        Description = "Write nothing, but find the first rewrite that changes outputs, and how to leave it out",
    };

    private readonly Option<double?> _tolerance = new("--tolerance")
    {
        Description = "With --bisect: the largest change allowed, as a part of an output's largest magnitude; by default what the passes promise",
        HelpName = "RATIO",
        CustomParser = NumberParsers.Ratio("--tolerance"),
    };

    private readonly Option<string[]> _data = new("--data")
    {
        Description = "With --bisect: compare on these inputs, not on the profile's ('evaluate:', else 'calibration:'); without any, inputs are made up",
        HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _bisect, _tolerance, _data })
            command.Options.Add(option);
    }

    /// <summary>Whether to bisect.</summary>
    /// <param name="others">Options that make no sense with it.</param>
    /// <exception cref="UsageException">Options are given that belong to the other mode.</exception>
    public bool IsAskedFor(ParseResult parsed, params IEnumerable<Option> others)
    {
        var isAsked = parsed.GetValue(_bisect);
        var wrong = (isAsked ? others : [_tolerance, _data]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (wrong is not null)
            throw new UsageException(isAsked ? $"--bisect writes nothing; leave {wrong.Name} out" : $"{wrong.Name} belongs to --bisect");
        return isAsked;
    }

    public void Run(ParseResult parsed, ModelChoice choice, CommandContext context)
    {
        var all = choice.Profile.Passes.Select((pass, step) =>
            new BisectedPass(PassRegistry.Create(pass.Name, pass.Options), pass.Location, pass.Options) { Step = step }).ToList();
        // Loss changes outputs on purpose: only a bound of the user's own can judge it.
        var passes = parsed.GetValue(_tolerance) is null ? all.FindAll(pass => pass.Pass.Effect != NumericEffect.Lossy) : all;
        var leftOut = all.Except(passes).Select(pass => pass.Pass.Name).Distinct().ToList();
        if (all.Count == 0)
            throw new UsageException("The profile names no passes, so that there is nothing to search");
        if (passes.Count == 0)
            throw new UsageException("All passes of the profile change outputs on purpose; say with --tolerance from where on that is harm");
        var tolerance = parsed.GetValue(_tolerance) ?? RewriteBisector.DefaultTolerance(passes.Max(pass => pass.Pass.Effect))!.Value;

        var original = ModelProblems.Guard(() => OnnxModel.Load(choice.Model), choice.NamedAt);
        var bisector = new RewriteBisector(new OnnxRuntimeEngine(), passes, tolerance) { Calibration = choice.Profile.Calibration };
        var settings = Settings(parsed, choice.Profile);
        var result = ProgressReporter.Run(context, progress => bisector.Run(original, settings, progress, context.Cancellation));
        Write(BisectionOutcome.Of(choice.Model, result, passes, tolerance, leftOut), result, context);
    }

    private DataSettings? Settings(ParseResult parsed, OptimizationProfile profile) => parsed.GetValue(_data) is { Length: > 0 } data
        ? new EvaluateSettings { Data = data, Batch = profile.Evaluate?.Batch ?? 1 }
        : ProfileData.Of(profile);

    private static void Write(BisectionOutcome outcome, BisectionResult result, CommandContext context)
    {
        if (context.IsJson)
            context.WriteJson(outcome, ToolJson.Readable.BisectionOutcome);
        if (context.IsText)
            new BisectionText(context, outcome).Write();
        if (result.Culprit is { } culprit)
            context.Report(new Diagnostic(DiagnosticCatalog.RewriteChangesOutputs, Message(culprit, outcome), culprit.RunBy.Location));
    }

    private static string Message(BlamedRewrite culprit, BisectionOutcome outcome) => string.Create(CultureInfo.InvariantCulture,
        $"Rewrite {culprit.Number} of {outcome.Rewrites} changes outputs beyond {outcome.Tolerance}: {culprit.Rewrite}");
}
