using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Stores constants in 16 bits with a Cast to float32 behind them, which the runtime folds when it loads the model.</summary>
internal sealed class HalfStorage(ConvertFloat16Options options, NodeSelector selector, HalfConstants constants, PassContext context)
{
    /// <summary>Share of a tensor's values that may round to zero.</summary>
    private const double TolerableLoss = 0.01;

    /// <summary>Opset from which Cast knows bfloat16.</summary>
    private const long BFloat16Opset = 13;

    private readonly List<string> _overflowing = [];

    private string TypeName => constants.Type.ToOnnxName();

    public void Run()
    {
        foreach (var weight in WeightCandidate.FindConstants(context.Model).Where(weight => weight.Content.ElementCount >= options.MinElements))
        {
            if (context.IsDone)
                return;
            // What is 16 bits wide already is what this pass made, or as good.
            if (weight.Content.ElementType != constants.Type && Convert(weight) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        if (_overflowing.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16Overflow, Explain()));
    }

    /// <returns>Why the tensor stays as it is, or null.</returns>
    private string? Convert(WeightCandidate weight)
    {
        var opset = context.Opset(weight.Value.Graph);
        if (WeightGuards.Refusal(weight, selector, opset) is { } refusal)
            return refusal;
        if (constants.Type == DataType.BFloat16 && opset < BFloat16Opset)
            return Text($"Cast takes bfloat16 from opset {BFloat16Opset} on, and this is {opset}: 'upgrade-opset' before this pass makes it possible");
        var scaled = ScaledHalf.Of(weight.Content, constants.Type);
        var half = scaled.Rounded;
        if (half.HasNonFinite)
            return WeightGuards.NotFinite(weight, context);
        if (half.Overflows > 0)
        {
            _overflowing.Add(Text($"{weight.Name} ({half.Overflows} of {weight.Content.ElementCount} values)"));
            return Text($"{half.Overflows} of its values exceed {Largest}, the largest {TypeName}");
        }
        if (half.Underflows > TolerableLoss * weight.Content.ElementCount)
            return Text($"{half.Underflows} of its {weight.Content.ElementCount} values would become zero");
        if (!context.Rewriting($"store as {TypeName}", weight.Value))
            return null;
        constants.Store(weight.Value, scaled);
        context.Compressed(weight.Name, weight.Content, weight.Content.ByteCount / 2 + (scaled.Factor == 1 ? 0 : sizeof(float)), Form(scaled));
        return null;
    }

    private string Form(ScaledHalf scaled) => TypeName + (scaled.Factor == 1 ? "" : Text($" times {scaled.Factor:g6}"))
        + (scaled.Rounded.Underflows == 0 ? "" : Text($", {scaled.Rounded.Underflows} values rounded to zero"));

    private string Largest => constants.Type == DataType.Float16 ? "65504" : "3.39e38";

    private string Explain() =>
        $"{_overflowing.Count} constants exceed the range of {TypeName} (±{Largest}) and stay float32: {string.Join(", ", _overflowing.Take(3))}"
        + $"{(_overflowing.Count > 3 ? ", …" : "")}. Where they only mask a Softmax, 'clamp-constants' before convert-float16 makes them fit";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
