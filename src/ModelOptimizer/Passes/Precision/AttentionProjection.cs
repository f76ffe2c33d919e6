using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The projections to query, key and value inside ONNX Runtime's own Attention. The runtime has no such operator with weights of few bits: the product
/// is taken out, and MultiHeadAttention does the rest.
/// </summary>
internal static class AttentionProjection
{
    private const string Domain = "com.microsoft";

    /// <summary>From this version on Split takes the sizes of its parts as an input.</summary>
    private const long SplitInputOpset = 13;

    private static readonly string[] s_kept = ["mask_filter_value", "num_heads", "scale", "unidirectional"];

    /// <summary>True for the weight inside such a node.</summary>
    public static bool Is(Use use) => use.User.OpType == "Attention" && use.User.Domain == Domain && use.Index == 1;

    /// <summary>Why the product can't be taken out of the node; null when it can.</summary>
    public static string? Refusal(Node attention)
    {
        if (attention.Input(4) is not null || attention.Outputs.Count > 1)
            return $"{attention} keeps keys and values of the past in one tensor, which MultiHeadAttention does not";
        if (attention.Attributes.GetInt("do_rotary", 0) != 0)
            return $"{attention} rotates inside, which MultiHeadAttention does not";
        return TakesMask(attention) ? null
            : $"its mask {Words(attention.Input(3)!.Type?.Shape)} is not known to have a length for each sequence of {attention}, or a one or zero for "
                + $"each position: of its inputs {Words(Inputs(attention))}. MultiHeadAttention takes no other";

        static string Words(Shape? shape) => shape?.ToString() ?? "of unknown shape";
    }

    /// <summary>Brings about what <see cref="Refusal"/> goes by: the shapes of masks and of what is masked.</summary>
    public static void InferMasks(PassContext context)
    {
        if (GraphWalker.Nodes(context.Model).Any(node => node.OpType == "Attention" && node.Domain == Domain && node.Input(3) is not null))
            context.InferTypes();
    }

    /// <summary>
    /// True for masks of the shapes that both operators read alike: [batch] or [batch, sequence]. Attention alone takes ends and starts
    /// [2 · batch], and masks of three and four axes.
    /// </summary>
    private static bool TakesMask(Node attention) => attention.Input(3) is not { } mask || IsDummy(attention)
        || (Inputs(attention) is { Rank: 3 } inputs && mask.Type?.Shape is { } shape && shape.Rank switch
        {
            1 => AreEqual(shape[0], inputs[0]),
            2 => AreEqual(shape[1], inputs[1]),
            _ => false,
        });

    /// <summary>True for a mask of one column for more positions, which Attention passes over.</summary>
    private static bool IsDummy(Node attention) =>
        attention.Input(3)?.Type?.Shape is { Rank: 2 } mask && mask[1].Value == 1 && Inputs(attention) is { Rank: 3 } inputs && inputs[1].Value > 1;

    /// <summary>[batch, sequence, hidden].</summary>
    private static Shape? Inputs(Node attention) => attention.Input(0)?.Type?.Shape;

    /// <summary>True when the axes have one length in every run, by what was inferred.</summary>
    private static bool AreEqual(Dimension one, Dimension other) => one == other && (one.Value is not null || !string.IsNullOrEmpty(one.Symbol));

    /// <summary>The weight read by products of their own, MatMul, where such nodes read it.</summary>
    public static WeightCandidate TakeOut(OnnxModel model, WeightCandidate weight)
    {
        if (!weight.Uses.Any(Is))
            return weight;
        var uses = new List<Use>();
        foreach (var use in weight.Uses.ToList())
        {
            var product = Is(use) ? TakeOut(model, use.User, weight.Content.Dimensions[1]) : use.User;
            uses.Add(product.Input(use.Index)!.Uses.First(read => read.User == product && read.Index == use.Index));
        }
        return weight with { Uses = uses };
    }

    private static Node TakeOut(OnnxModel model, Node attention, long columns)
    {
        var (graph, weight) = (attention.Graph!, attention.Input(1)!);
        var product = graph.Insert(attention, "MatMul", [attention.Input(0), weight], name: $"{attention.Name}_projection");
        var split = Split(model, attention, product.Output(), Sizes(attention, columns));
        Value?[] inputs = [split.Output(0), split.Output(1), split.Output(2), attention.Input(2),
            IsDummy(attention) ? null : attention.Input(3), attention.Input(5)];
        var rest = graph.Insert(attention, "MultiHeadAttention", inputs.AsSpan()[..(1 + Array.FindLastIndex(inputs, input => input is not null))],
            1, Domain, attention.Name);
        rest.Attributes.CopyFrom(attention.Attributes, s_kept);
        rest.Output().Name = attention.Output().Name;
        rest.TakeOutputsOf(attention);
        return product;
    }

    private static long[] Sizes(Node attention, long columns) =>
        attention.Attributes.TryGetInts("qkv_hidden_sizes") is { } sizes ? [.. sizes] : [columns / 3, columns / 3, columns / 3];

    private static Node Split(OnnxModel model, Node attention, Value joined, long[] sizes)
    {
        var graph = attention.Graph!;
        var byInput = model.OpsetOf(graph) >= SplitInputOpset;
        var split = graph.Insert(attention, "Split",
            byInput ? [joined, model.AddConstant(graph, $"{attention.Name}_sizes", Tensor.Create([3], sizes))] : [joined], 3, name: $"{attention.Name}_split");
        split.Attributes.Set("axis", 2);
        if (!byInput)
            split.Attributes.Set("split", sizes);
        return split;
    }
}
