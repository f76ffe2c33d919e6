using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Tells why a weight has no form in which it multiplies in 8 bits.</summary>
internal static class NoDynamicForm
{
    public static string Reason(WeightCandidate weight, IReadOnlyList<DynamicForm> forms, OperatorsLine operators)
    {
        if (weight.Uses.FirstOrDefault(use => !forms.Any(form => form.Reads(use))) is { } use)
            return WeightSlots.IsWeight(use) ? OfOperator(use, operators) : $"{WeightSlots.Reader(use)} reads it too, as floats";
        var first = forms.First(form => form.Reads(weight.Uses[0]));
        return $"{weight.Uses[0].User} and {weight.Uses.First(other => !first.Reads(other)).User} need it in different forms";
    }

    private static string OfOperator(Use use, OperatorsLine operators) => use.User.OpType switch
    {
        "Conv" => "convolutions of activations that are quantized at run time (ConvInteger) take 4 times as long as in float, depthwise ones 20 times; " +
            $"{operators.With("Conv")} takes them all the same, quantize-static makes them faster",
        "GRU" or "RNN" => $"ONNX Runtime has no 8-bit kernel for {use.User.OpType}; quantize-weights with storage: true makes the file smaller",
        "Gather" => $"{use.User} looks up along another axis than the first",
        _ => $"ONNX Runtime has no kernel for {use.User.OpType} that quantizes activations at run time"
            + (WeightSlots.OperatorBeforeFusion(use) is { } plain ? $", but for a plain {plain}: quantize before ort-optimize fuses it" : ""),
    };
}
