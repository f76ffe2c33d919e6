using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A float constant that the only reader of a node adds or multiplies to each row.</summary>
/// <param name="Reader">The node's only reader.</param>
/// <param name="Index">Which of its inputs the constant is.</param>
internal sealed record AppendedOperand(Node Reader, int Index)
{
    /// <summary>Whether it has no other axis than the row's.</summary>
    public bool IsVector { get; private init; }

    private Tensor Constant => Reader.Input(Index)!.Constant!;

    /// <summary>Puts an operator with a constant behind a node, for all who read it.</summary>
    public static Node Append(Node node, string opType, Tensor constant)
    {
        var (graph, output) = (node.Graph!, node.Output());
        var operand = graph.AddConstant(opType == "Mul" ? "scale" : "bias", constant);
        var appended = graph.InsertAfter(node, opType, [output, operand]);
        appended.Output().Infer(output.Type);
        output.ReplaceAllUsesWith(appended.Output());
        appended.SetInput(0, output);
        return appended;
    }

    /// <summary>
    /// What stands behind a node already: a vector of the given length, one with leading axes of length one, or one number. Null when it is
    /// something else, or would give the node's output more axes than its <paramref name="rank"/>.
    /// </summary>
    public static AppendedOperand? Of(Node node, string opType, long length, int rank)
    {
        if (node.Output().Uses is not [{ User: { IsReturn: false } reader }] || reader.Graph != node.Graph || !reader.Is(opType))
            return null;
        var index = reader.Input(0) == node.Output() ? 1 : 0;
        return reader.Input(index)?.Constant is { ElementType: DataType.Float } constant && IsAlike(constant, length, rank)
            ? new(reader, index) { IsVector = constant.Dimensions is [var own] && own == length }
            : null;
    }

    /// <summary>Leaves the vector in its place that it stands for.</summary>
    public void BecomeVector(long length)
    {
        if (IsVector)
            return;
        var elements = Constant.AsSpan<float>().ToArray();
        if (elements.Length == 1 && length != 1)
            elements = [.. Enumerable.Repeat(elements[0], (int)length)];
        Reader.SetInput(Index, Reader.Graph!.AddConstant(Reader.Input(Index)!.Name, Tensor.Create([length], elements)));
    }

    private static bool IsAlike(Tensor constant, long length, int rank) =>
        constant.Dimensions.Length <= rank
        && (constant.ElementCount == 1 || (constant.ElementCount == length && constant.Dimensions is [.., var last] && last == length));
}
