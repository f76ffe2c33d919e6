using System.ComponentModel;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets MatMul and Gemm multiply in 8-bit integers: int8 weights with one scale for each output channel, activations quantized at run
/// time. Needs no data, and is the fastest form for batches on CPUs with VNNI.
/// </summary>
[Description("Lets MatMul and Gemm multiply in 8-bit integers; activations are quantized at run time. Needs no data; fastest on CPUs with VNNI.")]
public sealed class QuantizeDynamic(QuantizeDynamicOptions options) : ISelectivePass
{
    public NodeSelector Selector { get; } = new(options);
    private readonly WeightGrid _grid = new(options.ReduceRange == true ? 7 : 8, IsSymmetric: true);

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var products = new DynamicProduct(model);
        var saturating = new List<string>();
        foreach (var weight in WeightCandidate.Find(model).Where(IsCandidate))
        {
            if (context.IsDone)
                return;
            if (Quantize(weight, products, saturating, context) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        if (options.ReduceRange is null && saturating.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SaturatingSums, Explain(saturating)));
    }

    private static bool IsCandidate(WeightCandidate weight) => weight.Uses.Any(WeightSlots.IsProduct) || TiedWeight.Of(weight) is not null;

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Quantize(WeightCandidate weight, DynamicProduct products, List<string> saturating, PassContext context)
    {
        var tied = TiedWeight.Of(weight);
        var read = tied?.Weight ?? weight;
        var guard = WeightGuards.Refusal(read, Selector, context.Opset(weight.Value.Graph)) ?? WeightGuards.UnknownAttributes(read);
        if ((guard ?? (tied is null ? ShapeRefusal(weight) : null)) is { } refusal)
            return refusal;
        var matrix = new WeightMatrix(weight.Content, tied is null ? WeightSlots.ChannelAxis(weight.Uses[0], rank: 2) : 0);
        if (WeightGuards.SmallGain(weight.Content, QuantizedWeight.ByteCount(_grid, matrix, matrix.Depth)) is { } small)
            return small;
        using var quantized = RoundToNearest.Quantize(matrix, _grid, matrix.Depth);
        if (quantized is null)
            return WeightGuards.NotFinite(weight, context);
        if (!context.Rewriting("multiply in 8-bit integers", weight.Value))
            return null;
        var bytes = tied is null ? products.Write(weight, quantized) : tied.Write(context.Model, quantized, products.Replace);
        weight.Value.RemoveIfUnused();
        context.Compressed(weight.Name, weight.Content, bytes, $"int{_grid.Bits} per channel as {(tied is null ? "" : "Gather and ")}MatMulInteger");
        NoteSaturation(weight, quantized, saturating);
        return null;
    }

    private static string? ShapeRefusal(WeightCandidate weight)
    {
        if (weight.Uses.FirstOrDefault(use => !WeightSlots.IsProduct(use)) is { } other)
            return $"{WeightSlots.Reader(other)} reads it too, not as the right operand of a product";
        if (weight.Content.Dimensions.Length != 2)
            return "it is a stack of matrices";
        return weight.Uses.Select(use => WeightSlots.ChannelAxis(use, rank: 2)).Distinct().Count() > 1
            ? "some nodes read it transposed, others don't"
            : null;
    }

    private static void NoteSaturation(WeightCandidate weight, QuantizedWeight quantized, List<string> saturating)
    {
        var pairs = SaturationBound.CountPairs(quantized);
        if (pairs == 0)
            return;
        var share = pairs / (quantized.Channels * (quantized.Depth / 2.0));
        saturating.Add(string.Create(CultureInfo.InvariantCulture, $"{weight.Name} ({100 * share:0.###}% of its pairs)"));
    }

    private static string Explain(List<string> saturating) =>
        $"On x86 CPUs without VNNI, 16-bit sums could overflow in products with {saturating.Count} weights: " +
        $"{string.Join(", ", saturating.Take(3))}{(saturating.Count > 3 ? ", …" : "")}. Add 'reduce-range: true' to quantize-dynamic if the app " +
        "runs on such CPUs, or 'reduce-range: false' if it does not.";
}
