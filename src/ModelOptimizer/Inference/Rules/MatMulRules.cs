using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Matrix products.</summary>
internal static class MatMulRules
{
    public static void MatMul(NodeTyping node) => node.Set(node.ElementType(0), Product(node.Symbols, node.Shape(0), node.Shape(1)));

    public static void MatMulInteger(NodeTyping node) => node.Set(DataType.Int32, Product(node.Symbols, node.Shape(0), node.Shape(1)));

    /// <summary>Inputs: a, its scale and zero point, b, its scale and zero point, then those of the result.</summary>
    public static void QLinearMatMul(NodeTyping node) => node.Set(node.ElementType(7), Product(node.Symbols, node.Shape(0), node.Shape(3)));

    /// <summary>com.microsoft: integers in, float out, the scales being the third and fourth inputs.</summary>
    public static void MatMulIntegerToFloat(NodeTyping node) => node.Set(node.ElementType(2), Product(node.Symbols, node.Shape(0), node.Shape(1)));

    public static void Gemm(NodeTyping node)
    {
        var (a, b) = (node.Shape(0), node.Shape(1));
        node.Set(node.ElementType(0), a is { Rank: 2 } && b is { Rank: 2 }
            ? new Shape([a[node.Flag("transA") ? 1 : 0], b[node.Flag("transB") ? 0 : 1]])
            : ShapeMath.UnknownOfRank(2));
    }

    /// <summary>com.microsoft: the last axes may be read transposed.</summary>
    public static void FusedMatMul(NodeTyping node)
    {
        if (node.Flag("transBatchA") || node.Flag("transBatchB"))
            node.Set(node.ElementType(0), (Shape?)null);
        else
            node.Set(node.ElementType(0), Product(node.Symbols, Turned(node.Shape(0), node.Flag("transA")), Turned(node.Shape(1), node.Flag("transB"))));
    }

    /// <summary>com.microsoft: the weight is packed; N says how many columns it has.</summary>
    public static void MatMulNBits(NodeTyping node)
    {
        if (node.Shape(0) is { Rank: > 0 } shape && node.Node.Attributes.TryGetInt("N") is { } columns)
            node.Set(node.ElementType(0), shape.With(shape.Rank - 1, columns));
        else
            node.Set(node.ElementType(0), (Shape?)null);
    }

    private static Shape? Turned(Shape? shape, bool isTransposed) => shape is { Rank: >= 2 } && isTransposed
        ? new([.. shape.Dimensions[..^2], shape[-1], shape[-2]])
        : shape;

    /// <summary>A vector counts as a row on the left and as a column on the right, and loses that axis again.</summary>
    private static Shape? Product(SymbolTable symbols, Shape? left, Shape? right)
    {
        if (left is not { Rank: > 0 } || right is not { Rank: > 0 })
            return null;
        var batch = ShapeMath.Broadcast(symbols, Batch(left), Batch(right))!;
        var rows = left.Rank == 1 ? [] : new[] { left[-2] };
        var columns = right.Rank == 1 ? [] : new[] { right[-1] };
        return new([.. batch.Dimensions, .. rows, .. columns]);
    }

    private static Shape Batch(Shape shape) => new(shape.Dimensions[..Math.Max(0, shape.Rank - 2)]);
}
