namespace ModelOptimizer.Pruning;

/// <summary>Matrix products: what is summed over becomes narrower in both, rows and columns in the result.</summary>
internal static class MatrixChannels
{
    public static void MatMul(NodeChannels node) => Product(node, false, false);

    public static void FusedMatMul(NodeChannels node)
    {
        var attributes = node.Node.Attributes;
        if (attributes.GetInt("transBatchA", 0) == 0 && attributes.GetInt("transBatchB", 0) == 0)
            Product(node, attributes.GetInt("transA", 0) != 0, attributes.GetInt("transB", 0) != 0);
    }

    public static void Gemm(NodeChannels node)
    {
        Product(node, node.Node.Attributes.GetInt("transA", 0) != 0, node.Node.Attributes.GetInt("transB", 0) != 0);
        node.Broadcast(node.In(2), node.Out());
    }

    /// <summary>Inputs may become fewer; the state stays.</summary>
    public static void Recurrent(NodeChannels node) => node.Join(node.In(0), 2, node.In(1), 2);

    private static void Product(NodeChannels node, bool isLeftTransposed, bool isRightTransposed)
    {
        if (node.In(0) is not { Rank: >= 2 } left || node.In(1) is not { Rank: >= 2 } right || node.Out() is not { } result)
            return;
        node.Join(left, isLeftTransposed ? -2 : -1, right, isRightTransposed ? -1 : -2);
        node.Join(left, isLeftTransposed ? -1 : -2, result, -2);
        node.Join(right, isRightTransposed ? -2 : -1, result, -1);
        Batches(node, left, result);
        Batches(node, right, result);
        // Products of two activations for each of several: heads of attention, or experts.
        for (var axis = 1; !left.IsConstant && !right.IsConstant && axis < result.Rank - 2; axis++)
            node.MarkHeads(result, axis);
    }

    private static void Batches(NodeChannels node, Operand operand, Operand result)
    {
        for (var axis = -3; axis >= -operand.Rank && axis >= -result.Rank; axis--)
            node.Join(operand, axis, result, axis);
    }
}
