using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Reporting;

/// <summary>A report with something in every part.</summary>
internal static class SampleReports
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static OptimizationReport Full => new()
    {
        Tool = new("1.2.3", "ONNX Runtime 9.9"),
        Original = new([new("model.onnx", Digest)], 4 << 20, 10, 1_000_000, 8, new Dictionary<string, long> { [""] = 17 }),
        Result = new([new("model.onnx", Digest)], 1 << 20, 12, 1_000_100, 8, new Dictionary<string, long> { [""] = 17 }),
        Accepted = true,
        Profile = [new("model-opt.yaml", Digest)],
        Passes =
        [
            new("fold-constants", "simplify", 1, 2, 0, new(12, 4_000_000), new(10, 4_000_000)),
            new("simplify", null, 1, 2, 0, new(12, 4_000_000), new(10, 4_000_000)),
            new("quantize-static", null, 1, 3, 1, new(10, 4_000_000), new(12, 1_000_000)),
        ],
        Rewrites = [new("fold-constants", "replace Shape by what it is", ["Shape 's0'", "Shape 's1'"])],
        Refusals = [new("quantize-static", "MatMul 'head'", "slower than float")],
        Weights =
        [
            new("w1", "quantize-static", "float[64,32]", 8192, 2304, "int8 per channel", null),
            new("w2", "quantize-static", "float[32,4]", 512, 512, null, "slower than float"),
        ],
        Quantized = [],
        Activations = [],
        Initializers = new(4_000_000, 1_000_000, [new("w1", "float[64,32]", "MatMul", 3_000_000, 800_000), new("folded", "float[4]", "", 500_000,
            null)]),
        Metrics =
        [
            new("top-1", "rate", 0.95, 0.947, "logits", null),
            new("sqnr", "dB", null, double.PositiveInfinity, "logits", null),
            new("size", "bytes", 4 << 20, 1 << 20, null, null),
        ],
        Trace = new(2, 5,
        [
            new("a", "MatMul 'first'", double.PositiveInfinity, null), new("b", "MatMul 'second'", 31.5, 20.25), new("c", "Softmax 'last'", 45, null),
        ]),
        Budget =
        [
            new("size", true, 1 << 20, 2 << 20, "error", "size is 1 MiB, at most 2 MiB was allowed", "model-opt.yaml", 9, 3),
            new("top-1", true, 0.947, 0.94, "error", "top-1 is 94.7%, at least 94% was allowed", "model-opt.yaml", 10, 3),
        ],
        Diagnostics =
        [
            new("MO4042", "info", "1 of 2 products stay float", "model-opt.yaml", 5, 23),
            new("MO4002", "warning", "16-bit sums overflow", "model-opt.yaml", 5, 5),
        ],
    };

    /// <summary>Pruned and quantized, with a goal for each, and a budget for the size.</summary>
    public static OptimizationReport Searched => Full with
    {
        Steps =
        [
            Step("", false, 4 << 20, 0.95),
            Step("prune-hidden", true, 3 << 20, 0.93),
            Step("prune-hidden", false, 3 << 20, 0.945),
            Step("quantize-weights", false, 1 << 20, 0.94),
        ],
        MixedPrecision =
        [
            new("quantize-static", "top-1", "at least 94%", true, 0.95, 0.9, 0.945, 100, 10, 2, ["MatMul 'head'"],
                [new(1, "MatMul 'head'", ["head"], 12.5, 8, true), new(2, "w1", ["body"], 40, 8, false)],
                    [new(0, 0.9, false, 100), new(1, 0.945, true, 100)]),
        ],
        PruningSearches = [new("prune-hidden", "top-1", "at least 94%", true, 0.95, "25%", "20%", 0.945, 100,
            [new("25%", 0.92, false), new("20%", 0.945, true)])],
        SizeBudgets =
        [
            new("quantize-weights", 2 << 20, 1_900_000, 1000, "outputs", 1e-3, 0.1, [new(1_000_000, 1e-2), new(3_000_000, 1e-4)], null, null, [], []),
        ],
    };

    private static StepReport Step(string pass, bool beforeRecovery, long bytes, double rate) =>
        new(pass, beforeRecovery, bytes, bytes / 4, null, [new("top-1", "rate", 0.95, rate, "logits", null)]);
}
