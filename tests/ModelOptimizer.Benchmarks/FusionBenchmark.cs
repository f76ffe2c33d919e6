using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Times each form that folding writes against the form before, both under the runtime's full optimization on one thread. Both run in turn,
/// in changing order; the median of the ratios tells what folding is worth: below 1 it gains.
/// </summary>
internal static class FusionBenchmark
{
    private const int Rounds = 301;

    /// <summary>Long enough for the clock, short enough to meet the same disturbances.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(1);

    /// <param name="filter">A part of the names to measure; empty for all.</param>
    public static void Measure(string filter)
    {
        var engine = new OnnxRuntimeEngine();
        Console.WriteLine($"{engine.Description}, 1 thread, {Rounds} rounds: ratio new / old (middle half)");
        foreach (var each in FusionCases.All.Where(each => each.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
            Report(each, engine);
    }

    private static void Report(FusionCase each, OnnxRuntimeEngine engine)
    {
        var before = CaseBuilder.Build(each.Input, each.Build);
        var after = CaseBuilder.Build(each.Input, each.After ?? each.Build);
        if (each.Pass is { } pass && !Applies(pass, after, engine))
            throw new InvalidOperationException($"{pass.Name} finds nothing in '{each.Name}'");
        using var original = engine.Open(before, new SessionSettings());
        using var folded = engine.Open(after, new SessionSettings());
        var feed = new Dictionary<string, Tensor> { ["x"] = CaseBuilder.Random(new Random(2), each.Input) };
        var ratios = Ratios(original, folded, feed);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {each.Name} | {ratios[Rounds / 2]:0.000} | {ratios[Rounds / 4]:0.000}–{ratios[Rounds * 3 / 4]:0.000} |"));
    }

    private static bool Applies(IGraphPass pass, OnnxModel model, OnnxRuntimeEngine engine)
    {
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, engine, new DiagnosticBag()), pass);
        return log.Rewrites.Count > 0;
    }

    private static double[] Ratios(IInferenceSession original, IInferenceSession folded, Dictionary<string, Tensor> feed)
    {
        _ = Time(folded, feed, 20);
        var runs = (int)Math.Clamp(Turn.TotalSeconds * 20 / Time(original, feed, 20), 1, 1000);
        var ratios = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var first = Time(round % 2 == 0 ? original : folded, feed, runs);
            var second = Time(round % 2 == 0 ? folded : original, feed, runs);
            ratios[round] = round % 2 == 0 ? second / first : first / second;
        }
        Array.Sort(ratios);
        return ratios;
    }

    /// <returns>Seconds.</returns>
    private static double Time(IInferenceSession session, Dictionary<string, Tensor> feed, int runs)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < runs; i++)
            _ = session.Run(feed);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
