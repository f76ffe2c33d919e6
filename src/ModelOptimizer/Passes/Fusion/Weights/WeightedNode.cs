using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A Conv, ConvTranspose, Gemm or MatMul with a constant weight: its output channels are sums over its input channels.</summary>
internal sealed record WeightedNode(Node Node, Value Weight, WeightLayout Layout)
{
    /// <summary>Opset from which Gemm's bias broadcasts by itself.</summary>
    private const long GemmOpset = 7;

    public Tensor Content => Weight.Constant!;

    public bool IsConv => Node.Is("Conv", "ConvTranspose");

    public int? OutputRank => Node.OpType switch
    {
        "Gemm" => 2,
        "MatMul" => Node.Output().Type?.Shape?.Rank,
        _ => Content.Dimensions.Length,
    };

    public int? InputRank => Node.Is("MatMul") ? Node.Input(0)?.Type?.Shape?.Rank : OutputRank;

    /// <summary>Where the channels stand in the output, counted from the last axis, which is 0.</summary>
    public int OutputAxis => IsConv ? Content.Dimensions.Length - 2 : 0;

    /// <summary>Where the channels stand in the input, counted from the last axis, which is 0.</summary>
    public int InputAxis => IsConv ? OutputAxis : Node.Is("Gemm") && Node.Attributes.GetInt("transA", 0) != 0 ? 1 : 0;

    public bool HasBias => BiasValue is not null;

    public Value? BiasValue => Node.Is("MatMul") ? null : Node.Input(2);

    /// <summary>What the product is multiplied by.</summary>
    public double Alpha => Node.Is("Gemm") ? Node.Attributes.GetFloat("alpha", 1) : 1;

    /// <summary>The node with its weight, or why it can't be folded into; neither for one that nobody would expect to be.</summary>
    public static (WeightedNode? Node, string? Refusal) Of(Node node)
    {
        if (node.Input(1) is not { } weight)
            return default;
        if (weight.Constant is not { } content)
            return (null, NotConstant(node, weight));
        if (WeightLayout.Of(node, content) is not { } layout)
            return default;
        return WeightArithmetic.Handles(content.ElementType)
            ? (new(node, weight, layout), null)
            : (null, $"weights of type {content.ElementType.ToOnnxName()} are not folded into");
    }

    /// <summary>What is added to each output channel, or null when that is not constant or differs within a channel.</summary>
    public double[]? Bias()
    {
        var beta = Node.Is("Gemm") ? Node.Attributes.GetFloat("beta", 1) : 1;
        if (BiasValue is not { } bias || beta == 0)
            return [0];
        var elements = bias.Constant is { } constant ? ConstantOperand.ByChannel(constant, Layout.Outputs, axis: 0, rank: 2) : null;
        return elements is null ? null : Array.ConvertAll(elements, element => element * beta);
    }

    /// <summary>Whether a bias can be given to it: a MatMul takes one only as a Gemm, which knows matrices only.</summary>
    public bool TakesBias(long opset) => !Node.Is("MatMul") || (opset >= GemmOpset && InputRank == 2);

    /// <summary>Reads another weight, and another bias where one is given. A MatMul that gets a bias becomes a Gemm.</summary>
    public void Replace(Value weight, Value? bias)
    {
        Node.SetInput(1, weight);
        if (bias is null)
            return;
        if (Node.Is("MatMul"))
        {
            var gemm = Node.Graph!.Insert(Node, "Gemm", [Node.Input(0), weight, bias], name: Node.Name).Output();
            gemm.Type = Node.Output().Type;
            Node.ReplaceWith(gemm);
            return;
        }
        Node.SetInput(2, bias);
        if (Node.Is("Gemm"))
            Node.Attributes.Remove("beta");
    }

    private static string? NotConstant(Node node, Value weight)
    {
        if (weight.IsOverridable)
            return $"its weight '{weight}' may be fed by callers";
        if (weight.Producer?.OpType is "DequantizeLinear")
            return $"its weight '{weight}' is quantized";
        // Any product of two activations is a MatMul too.
        return node.Is("Conv", "ConvTranspose") ? $"its weight '{weight}' is not constant" : null;
    }
}
