using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Passes;

/// <summary>
/// What stands around the product of a MatMul or Gemm, so that the product itself can become another operator:
/// Y = alpha · op(A) · op(B) + beta · C.
/// </summary>
internal static class GemmParts
{
    /// <summary>True when the runtime fuses a dequantized weight with this node as it stands, up to transB.</summary>
    public static bool IsPlain(Node node) => node.OpType == "MatMul"
        || (Alpha(node) == 1 && (node.Input(2) is null || (Beta(node) == 1 && node.Input(2)!.Constant is { Dimensions.Length: 1 })));

    /// <summary>How many columns the product of a Gemm has; null when that is not known, or when the node is none.</summary>
    public static long? Columns(Node node) => node.Is("Gemm") && node.Input(1)!.Type?.Shape is { } shape
        ? shape[OperatorCatalog.ChannelAxis(node, 1, 2)].Value
        : null;

    /// <summary>True for a C [rows, 1], which is the same in all columns.</summary>
    public static bool IsColumn(Tensor bias) => bias.Dimensions is [> 1, 1];

    /// <summary>The activations that enter the product: A, transposed before <paramref name="node"/> where it asks for that.</summary>
    public static Value LeftOperand(Node node)
    {
        var left = node.Input(0)!;
        if (node.OpType != "Gemm" || node.Attributes.GetInt("transA", 0) == 0)
            return left;
        var transpose = node.Graph!.Insert(node, "Transpose", [left], name: $"{node.Name}_transA");
        transpose.Attributes.Set("perm", 1, 0);
        return transpose.Output();
    }

    /// <summary>Puts alpha and the bias back behind <paramref name="product"/> and lets it take the place of <paramref name="node"/>.</summary>
    public static void Replace(OnnxModel model, Node node, Value product)
    {
        var bias = node.OpType == "Gemm" ? node.Input(2) : null;
        if (node.OpType == "Gemm")
            product = AddBias(model, node, Scale(model, node, product, Alpha(node), "alpha"));
        product.Type = node.Output().Type;
        // By its name what is computed can still be found, to be compared with the original.
        product.Name = node.Output().Name;
        node.Output().ReplaceAllUsesWith(product);
        node.Remove();
        // It may have been written anew.
        if (bias?.Constant is not null)
            bias.RemoveIfUnused();
    }

    private static Value AddBias(OnnxModel model, Node node, Value product)
    {
        if (node.Input(2) is not { } bias || Beta(node) == 0)
            return product;
        var term = bias.Constant is { ElementType: DataType.Float } content
            ? ConstantBias(model, node, bias, content)
            : Scale(model, node, bias, Beta(node), "beta");
        return node.Graph!.Insert(node, "Add", [product, term], name: $"{node.Name}_bias").Output();
    }

    /// <summary>beta · C, as a row where it is one: the runtime fuses only biases of rank 1.</summary>
    private static Value ConstantBias(OnnxModel model, Node node, Value bias, Tensor content)
    {
        var isRow = content.Dimensions.Length == 2 && content.Dimensions[0] == 1;
        if (Beta(node) == 1 && !isRow)
            return bias;
        var scaled = new float[content.ElementCount];
        TensorPrimitives.Multiply(content.AsSpan<float>(), Beta(node), scaled);
        return model.AddConstant(node.Graph!, bias.Name, Tensor.Create(isRow ? [content.Dimensions[1]] : content.Dimensions.AsSpan(), scaled));
    }

    private static Value Scale(OnnxModel model, Node node, Value value, float factor, string name)
    {
        if (factor == 1)
            return value;
        var constant = model.AddConstant(node.Graph!, $"{node.Name}_{name}", Tensor.Create([], factor));
        return node.Graph!.Insert(node, "Mul", [value, constant], name: $"{node.Name}_{name}").Output();
    }

    private static float Alpha(Node gemm) => gemm.Attributes.GetFloat("alpha", 1);

    private static float Beta(Node gemm) => gemm.Attributes.GetFloat("beta", 1);
}
