using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// A table of rows that products read transposed, as <c>tie-transposed-weights</c> leaves it, or as Gemm does by itself. A row is what a lookup finds and what one
/// output channel of a product is made of, so that one set of codes and scales serves both.
/// </summary>
/// <param name="Weight">The table, with the products in place of the Transpose nodes among its uses.</param>
/// <param name="Transposes">The nodes between it and its products.</param>
internal sealed record TiedWeight(WeightCandidate Weight, IReadOnlyList<Node> Transposes)
{
    /// <summary>Null for any other weight.</summary>
    public static TiedWeight? Of(WeightCandidate weight)
    {
        if (weight.Content.Dimensions.Length != 2)
            return null;
        var (lookups, transposing) = (weight.Uses.Where(WeightSlots.IsLookup).ToList(), weight.Uses.Where(IsTransposing).ToList());
        var transposes = weight.Uses.Select(use => use.User).Where(IsTranspose).ToList();
        var products = transposes.SelectMany(node => node.Output().Uses).ToList();
        var isTied = (transposes.Count > 0 || (transposing.Count > 0 && lookups.Count > 0))
            && products.TrueForAll(use => WeightSlots.IsProduct(use) && WeightSlots.ChannelAxis(use, rank: 2) == 1)
            && lookups.Count + transposing.Count + transposes.Count == weight.Uses.Count;
        return isTied ? new TiedWeight(weight with { Uses = [.. lookups, .. products, .. transposing] }, transposes) : null;
    }

    /// <summary>Lets lookups find quantized rows, and products read these transposed.</summary>
    /// <param name="quantized">The rows as channels, on a symmetric grid of 8 bits.</param>
    /// <param name="replace">Puts a product with codes [depth, channels] and scales [channels] in the place of a node.</param>
    /// <returns>Bytes of the constants.</returns>
    public long Write(OnnxModel model, QuantizedWeight quantized, Action<Node, Value, Value> replace)
    {
        var (codes, scales, rowScales) = AddConstants(model, quantized);
        foreach (var lookup in Weight.Uses.Where(WeightSlots.IsLookup))
            LookupForm.Replace(lookup.User, codes, rowScales);
        foreach (var product in Weight.Uses.Where(IsTransposing).Select(use => use.User).ToList())
            replace(product, Transpose(codes, product), scales);
        foreach (var transpose in Transposes)
            ReplaceProducts(transpose, Transpose(codes, transpose), scales, replace);
        rowScales.RemoveIfUnused();
        return codes.Constant!.ByteCount + (rowScales.Uses.Count > 0 ? 2 : 1) * scales.Constant!.ByteCount;
    }

    private (Value Codes, Value Scales, Value RowScales) AddConstants(OnnxModel model, QuantizedWeight quantized)
    {
        var codes = DequantizeLinearLayout.Codes(quantized, [quantized.Channels, quantized.Depth], channelAxis: 0);
        return (Add("quantized", codes), Add("scale", DequantizeLinearLayout.Scales(quantized, blocked: false)),
            Add("row_scale", LookupForm.RowScales(quantized, rank: 2)));

        Value Add(string suffix, Tensor tensor) => model.AddConstant(Weight.Value.Graph, $"{Weight.Name}_{suffix}", tensor);
    }

    private static Value Transpose(Value codes, Node before)
    {
        var transposed = before.Graph!.Insert(before, "Transpose", [codes], name: before.Is("Transpose") ? before.Name : $"{before.Name}_transB");
        transposed.Attributes.Set("perm", 1, 0);
        return transposed.Output();
    }

    private static void ReplaceProducts(Node transpose, Value codes, Value scales, Action<Node, Value, Value> replace)
    {
        foreach (var product in transpose.Output().Uses.Select(use => use.User).ToList())
            replace(product, codes, scales);
        transpose.Remove();
    }

    private static bool IsTransposing(Use use) => WeightSlots.IsProduct(use) && WeightSlots.ChannelAxis(use, rank: 2) == 0;

    private static bool IsTranspose(Node node) => node.Is("Transpose") && node.Attributes.TryGetInts("perm") is null or [1, 0];
}
