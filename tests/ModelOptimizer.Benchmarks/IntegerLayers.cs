using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Benchmarks.Results;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Times layers as <c>quantize-static</c> or <c>quantize-dynamic</c> writes them against floats, on one thread: chains of two and of four layers,
/// whose difference is what a layer costs in the midst of others; the rest is what entering and leaving integers costs.
/// </summary>
internal static class IntegerLayers
{
    private const int Rounds = 41;

    /// <summary>Long enough for the clock, short enough to meet the same disturbances.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(1);

    /// <param name="filter">A part of the names to measure; empty for all.</param>
    public static void Measure(string filter)
    {
        var engine = new OnnxRuntimeEngine();
        Console.WriteLine($"{engine.Description}, 1 thread; microseconds of float → 8 bits, quartile of {Rounds} rounds");
        Console.WriteLine("| layer | a layer among others | ratio | two alone | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var each in IntegerCases.All.Where(each => each.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
            Report(each, engine);
    }

    private static void Report(IntegerCase each, OnnxRuntimeEngine engine)
    {
        var feed = new Dictionary<string, Tensor> { ["x"] = CaseBuilder.Feed(each.Input) };
        var models = new[] { 2, 4 }.SelectMany(layers => Forms(each, layers, feed)).ToList();
        var sessions = models.ConvertAll(model => engine.Open(model, new SessionSettings()));
        var times = Times(sessions, feed);
        sessions.ForEach(session => session.Dispose());
        var (plain, coded) = ((times[2] - times[0]) / 2, (times[3] - times[1]) / 2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {each.Name} | {plain:0.0} → {coded:0.0} | {coded / plain:0.00} | {times[0]:0.0} → {times[1]:0.0} | {times[1] / times[0]:0.00} |"));
    }

    /// <summary>The chain in floats, and in integers.</summary>
    private static OnnxModel[] Forms(IntegerCase each, int layers, Dictionary<string, Tensor> feed)
    {
        var plain = CaseBuilder.Build(each.Opset, each.Input,
            (b, x) => Enumerable.Range(0, layers).Aggregate(x, (value, _) => each.Layer(b, value)));
        var coded = plain.Clone();
        using var calibration = new SampleCalibration(plain, feed);
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(coded, log, ModelUnderTest.Engine, new DiagnosticBag()) { Calibration = calibration.Data }, each.Pass);
        if (log.Rewrites.Count == 0)
            throw new InvalidOperationException($"{each.Pass.Name} finds nothing in '{each.Name}'");
        return [plain, coded];
    }

    /// <returns>Microseconds of each session.</returns>
    private static double[] Times(List<IInferenceSession> sessions, Dictionary<string, Tensor> feed)
    {
        var runs = sessions.Select(session => (int)Math.Clamp(Turn.TotalSeconds * 20 / Time(session, feed, 20), 1, 1000)).ToList();
        var times = sessions.Select(_ => new List<double>()).ToList();
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < sessions.Count; i++)
                times[i].Add(Time(sessions[i], feed, runs[i]) / runs[i]);
        // What else the machine does only adds time.
        return [.. times.Select(all => all.Order().ElementAt(Rounds / 4) * 1e6)];
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
