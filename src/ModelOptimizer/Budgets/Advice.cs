using ModelOptimizer.Evaluation;

namespace ModelOptimizer.Budgets;

/// <summary>What somebody whose budget is broken could try next.</summary>
internal static class Advice
{
    public static string For(Measurement measured, Bound bound) => measured switch
    {
        _ when double.IsNaN(measured.Result) => "Outputs are not finite: exclude the layers that overflow ('exclude:'), or check the data",
        { Metric: "latency-ratio" } => "Try quantize-dynamic or quantize-static with int8 weights for batches, 4-bit weights for single rows; "
            + $"or {Loosen(bound)}, since timings vary between machines",
        { Declaration.IsCost: true } => "Try int4 instead of int8 weights, or take out 'exclude:' entries: "
            + $"the report lists what was left alone and why; or {Loosen(bound)}",
        _ => "Try int8 instead of int4 weights, smaller blocks or per-channel scales, or exclude the layers that lose most "
            + $"('exclude:'; first and last are usual); or {Loosen(bound)}",
    };

    private static string Loosen(Bound bound) => bound.Wording.Contains("the original's", StringComparison.Ordinal)
        ? $"raise {(bound.IsFloor ? "max-drop" : "max-rise")}"
        : bound.IsFloor ? "lower the limit" : "raise the limit";
}
