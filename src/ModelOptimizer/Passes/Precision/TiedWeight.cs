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

    /// <summary>
    /// The graphs that products stand in. Each has scales and a Transpose of its own: below DequantizeLinear with constants of an outer graph the
    /// runtime fails to load.
    /// </summary>
    private IEnumerable<Graph> GraphsOfProducts => Weight.Uses.Where(WeightSlots.IsProduct).Select(use => use.User.Graph!).Distinct();

    private bool HasLookups => Weight.Uses.Any(WeightSlots.IsLookup);

    /// <summary>How often <see cref="Write"/> stores the scales: for each graph with products, and for lookups in a shape of their own.</summary>
    public int CopiesOfScales => GraphsOfProducts.Count() + (HasLookups ? 1 : 0);

    /// <summary>Lets lookups find quantized rows, and products read these transposed.</summary>
    /// <param name="quantized">The rows as channels, on a symmetric grid of 8 bits.</param>
    /// <param name="replace">Puts a product with codes [depth, channels] and scales [channels] in the place of a node.</param>
    /// <returns>Bytes of the constants.</returns>
    public long Write(OnnxModel model, QuantizedWeight quantized, Action<Node, Value, Value> replace)
    {
        var bytes = 0L;
        var codes = Add(Weight.Value.Graph, "quantized",
            DequantizeLinearLayout.Codes(quantized, [quantized.Channels, quantized.Depth], channelAxis: 0));
        var scales = GraphsOfProducts.ToDictionary(graph => graph,
            graph => Add(graph, "scale", DequantizeLinearLayout.Scales(quantized, blocked: false)));
        if (HasLookups)
            ReplaceLookups(codes, Add(Weight.Value.Graph, "row_scale", LookupForm.RowScales(quantized, rank: 2)));
        foreach (var product in Weight.Uses.Where(IsTransposing).Select(use => use.User).ToList())
            replace(product, Transpose(codes, product), scales[product.Graph!]);
        foreach (var transpose in Transposes)
            ReplaceProducts(transpose, codes, scales, replace);
        return bytes;

        Value Add(Graph graph, string suffix, Tensor tensor)
        {
            bytes += tensor.ByteCount;
            return model.AddConstant(graph, $"{Weight.Name}_{suffix}", tensor);
        }
    }

    private void ReplaceLookups(Value codes, Value rowScales)
    {
        foreach (var lookup in Weight.Uses.Where(WeightSlots.IsLookup))
            LookupForm.Replace(lookup.User, codes, rowScales);
    }

    private static Value Transpose(Value codes, Node before)
    {
        var transposed = before.Graph!.Insert(before, "Transpose", [codes], name: before.Is("Transpose") ? before.Name : $"{before.Name}_transB");
        transposed.Attributes.Set("perm", 1, 0);
        return transposed.Output();
    }

    private static void ReplaceProducts(Node transpose, Value codes, Dictionary<Graph, Value> scales, Action<Node, Value, Value> replace)
    {
        var products = transpose.Output().Uses.Select(use => use.User).ToList();
        var beside = products.Exists(product => product.Graph == transpose.Graph) ? Transpose(codes, transpose) : null;
        foreach (var product in products)
            replace(product, product.Graph == transpose.Graph ? beside! : Transpose(codes, product), scales[product.Graph!]);
        transpose.Remove();
    }

    private static bool IsTransposing(Use use) => WeightSlots.IsProduct(use) && WeightSlots.ChannelAxis(use, rank: 2) == 0;

    private static bool IsTranspose(Node node) => node.Is("Transpose") && node.Attributes.TryGetInts("perm") is null or [1, 0];
}
