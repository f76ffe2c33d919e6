using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Times the forms of attention against the formula, and real models with and without fusions, under the runtime's full optimization with one
/// thread and two. Both run in turn, in changing order; the median of the ratios tells: below 1 it gains.
/// </summary>
internal static class AttentionBenchmark
{
    private const int Rounds = 101;

    private static readonly AttentionSize[] s_sizes =
        [new(12, 12, 64, 128), new(12, 12, 64, 512), new(12, 12, 64, 32), new(16, 4, 64, 128), new(8, 2, 32, 24), new(4, 4, 32, 20)];

    public static void Measure()
    {
        foreach (var size in s_sizes)
        {
            foreach (var (name, build) in AttentionForms.All.Skip(1))
                Report($"{size}: {name}", AttentionForms.All[0].Build(size), build(size), AttentionForms.Feed(size));
            if (size.Heads == size.KeyHeads)
                MeasurePacked(size);
        }
    }

    /// <summary>What a pass makes of query, key and value that one product made.</summary>
    public static void MeasurePacked()
    {
        foreach (var size in s_sizes.Where(size => size.Heads == size.KeyHeads))
            MeasurePacked(size);
        MeasurePacked(new(3, 3, 32, 49), windows: 64);
        MeasurePacked(new(12, 12, 32, 49), windows: 4);
    }

    private static void MeasurePacked(AttentionSize size, int windows = 0)
    {
        var (formula, fused) = (PackedAttentionForms.Formula(size, windows), PackedAttentionForms.Formula(size, windows));
        PassContexts.Run(fused, new FuseAttention(), new EliminateDeadNodes());
        Report(windows == 0 ? $"{size}: packed" : $"{size}: packed, {windows} windows", formula, fused, PackedAttentionForms.Feed(size, windows));
    }

    /// <summary>A model at opset 23, simplified, against the same with fusions.</summary>
    /// <param name="path">The model; its data lies beside it as <c>NAME.eval.npz</c>.</param>
    public static void Measure(string path)
    {
        IGraphPass[] before = [new UpgradeOpset(new UpgradeOpsetOptions { Version = 23 }), new Simplify(new SimplifyOptions())];
        var (original, fused) = (OnnxModel.Load(path), OnnxModel.Load(path));
        var data = new DataSet([Path.ChangeExtension(path, ".eval.npz")], DataRequest.For(original) with { Limit = 1 }).Read().First();
        PassContexts.Run(original, before);
        PassContexts.Run(fused, [.. before, new Fuse(new FuseOptions()), new Simplify(new SimplifyOptions())]);
        Report($"{Path.GetFileName(path)}: {Nodes(original)} -> {Nodes(fused)} nodes", original, fused, new(data.Inputs));
    }

    private static int Nodes(OnnxModel model) => GraphWalker.Nodes(model).Count(node => !node.Is("Constant"));

    /// <summary>Writes a row for one thread and one for two: the median of the ratios, and their middle half.</summary>
    public static void Report(string name, OnnxModel before, OnnxModel after, Dictionary<string, Tensor> feed)
    {
        foreach (var threads in new[] { 1, 2 })
        {
            using var original = PassContexts.Engine.Open(before, new SessionSettings(Threads: threads));
            using var fused = PassContexts.Engine.Open(after, new SessionSettings(Threads: threads));
            var ratios = Ratios(original, fused, feed);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {threads} | {ratios[Rounds / 2]:0.000} | {ratios[Rounds / 4]:0.000}–{ratios[Rounds * 3 / 4]:0.000} |"));
        }
    }

    private static double[] Ratios(IInferenceSession original, IInferenceSession fused, Dictionary<string, Tensor> feed)
    {
        var needed = original.Inputs.ToDictionary(input => input.Name, input => feed[input.Name]);
        var alsoNeeded = fused.Inputs.ToDictionary(input => input.Name, input => feed[input.Name]);
        var ratios = new double[Rounds];
        for (var round = -3; round < Rounds; round++)
        {
            var first = round % 2 == 0 ? Time(original, needed) : Time(fused, alsoNeeded);
            var second = round % 2 == 0 ? Time(fused, alsoNeeded) : Time(original, needed);
            if (round >= 0) // the rounds before warm up
                ratios[round] = round % 2 == 0 ? second / first : first / second;
        }
        Array.Sort(ratios);
        return ratios;
    }

    private static double Time(IInferenceSession session, Dictionary<string, Tensor> feed)
    {
        var start = Stopwatch.GetTimestamp();
        _ = session.Run(feed);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
