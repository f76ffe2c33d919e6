using System.ComponentModel;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

public sealed record ConvertFloat16Options : QuantizationOptions
{
    [Option("Tensors with fewer elements stay as they are.", Minimum = 1)]
    public int MinElements { get; init; } = 256;
}

/// <summary>
/// Stores constants as float16 with a Cast back to float32 behind them, which the runtime folds when it loads the model: half the file
/// at the original speed, and arithmetic stays float32.
/// </summary>
[Description("Stores constants as float16 with a Cast back to float32: half the file at the original speed; arithmetic stays float32.")]
public sealed class ConvertFloat16(ConvertFloat16Options options) : ISelectivePass
{
    /// <summary>Share of a tensor's values that may round to zero.</summary>
    private const double TolerableLoss = 0.01;

    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var overflowing = new List<string>();
        foreach (var weight in WeightCandidate.FindConstants(model).Where(weight => weight.Content.ElementCount >= options.MinElements))
        {
            if (context.IsDone)
                return;
            if (Convert(weight, overflowing, context) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        if (overflowing.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.Float16Overflow, Explain(overflowing)));
    }

    /// <returns>Why the tensor stays as it is, or null.</returns>
    private string? Convert(WeightCandidate weight, List<string> overflowing, PassContext context)
    {
        if (WeightGuards.Refusal(weight, Selector, context.Opset(weight.Value.Graph)) is { } refusal)
            return refusal;
        var half = HalfPrecision.Convert(weight.Content);
        if (half.HasNonFinite)
            return WeightGuards.NotFinite(weight, context);
        if (half.Overflows > 0)
        {
            overflowing.Add(Text($"{weight.Name} ({half.Overflows} of {weight.Content.ElementCount} values)"));
            return Text($"{half.Overflows} of its values exceed 65504, the largest float16");
        }
        if (half.Underflows > TolerableLoss * weight.Content.ElementCount)
            return Text($"{half.Underflows} of its {weight.Content.ElementCount} values would become zero");
        if (!context.Rewriting("store as float16", weight.Value))
            return null;
        Replace(context.Model, weight.Value, Tensor.Create(DataType.Float16, weight.Content.Dimensions.AsSpan(), half.Values));
        context.Compressed(weight.Name, weight.Content, weight.Content.ByteCount / 2,
            half.Underflows == 0 ? "float16" : Text($"float16, {half.Underflows} values rounded to zero"));
        return null;
    }

    private static void Replace(OnnxModel model, Value constant, Tensor half)
    {
        var graph = constant.Graph;
        var stored = model.AddConstant(graph, $"{constant.Name}_float16", half);
        var first = graph.Nodes.FirstOrDefault(node => node != stored.Producer);
        var cast = graph.Insert(first, "Cast", [stored], name: $"{constant.Name}_cast");
        cast.Attributes.Set("to", (long)DataType.Float);
        constant.ReplaceAllUsesWith(cast.Output());
        constant.RemoveIfUnused();
    }

    private static string Explain(List<string> overflowing) =>
        $"{overflowing.Count} constants exceed the range of float16 (±65504) and stay float32: {string.Join(", ", overflowing.Take(3))}"
        + $"{(overflowing.Count > 3 ? ", …" : "")}. Where they only mask a Softmax, 'clamp-constants' before convert-float16 makes them fit";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
