using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Times each form that folding or fusing writes against the form before, both under the runtime's full optimization on one thread. Both run
/// in turn, in changing order, and are opened anew several times, since equal graphs differ by where their memory happens to lie. The median
/// of the ratios tells what it is worth: below 1 it gains.
/// </summary>
internal static class FusionBenchmark
{
    private const int Openings = 9;
    private const int Rounds = 35;

    /// <summary>Long enough for the clock, short enough to meet the same disturbances.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(1);

    /// <param name="filter">A part of the names to measure; empty for all.</param>
    public static void Measure(string filter)
    {
        var engine = new OnnxRuntimeEngine();
        Console.WriteLine($"{engine.Description}, 1 thread, {Openings} × {Rounds} rounds: ratio new / old (middle half)");
        foreach (var each in FusionCases.All.Where(each => each.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
            Report(each, engine);
    }

    private static void Report(FusionCase each, OnnxRuntimeEngine engine)
    {
        var before = CaseBuilder.Build(each.Opset, each.Input, each.Build);
        var after = CaseBuilder.Build(each.Opset, each.Input, each.After ?? each.Build);
        if (each.Pass is { } pass && !Applies(pass, after, engine))
            throw new InvalidOperationException($"{pass.Name} finds nothing in '{each.Name}'");
        var feed = new Dictionary<string, Tensor> { ["x"] = CaseBuilder.Feed(each.Input) };
        var ratios = Enumerable.Range(0, Openings).SelectMany(opening => Ratios(before, after, engine, feed, opening % 2 == 0)).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {each.Name} | {ratios[ratios.Count / 2]:0.000} | {ratios[ratios.Count / 4]:0.000}–{ratios[ratios.Count * 3 / 4]:0.000} |"));
    }

    private static bool Applies(IGraphPass pass, OnnxModel model, OnnxRuntimeEngine engine)
    {
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, engine, new DiagnosticBag()), pass);
        return log.Rewrites.Count > 0;
    }

    private static double[] Ratios(OnnxModel before, OnnxModel after, OnnxRuntimeEngine engine, Dictionary<string, Tensor> feed, bool beforeFirst)
    {
        using var first = engine.Open(beforeFirst ? before : after, new SessionSettings());
        using var second = engine.Open(beforeFirst ? after : before, new SessionSettings());
        var ratios = Ratios(first, second, feed);
        return beforeFirst ? ratios : Array.ConvertAll(ratios, ratio => 1 / ratio);
    }

    /// <returns>Time of the second by time of the first, once for each round.</returns>
    private static double[] Ratios(IInferenceSession first, IInferenceSession second, Dictionary<string, Tensor> feed)
    {
        _ = Time(second, feed, 20);
        var runs = (int)Math.Clamp(Turn.TotalSeconds * 20 / Time(first, feed, 20), 1, 1000);
        var ratios = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            var earlier = Time(round % 2 == 0 ? first : second, feed, runs);
            var later = Time(round % 2 == 0 ? second : first, feed, runs);
            ratios[round] = round % 2 == 0 ? later / earlier : earlier / later;
        }
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
