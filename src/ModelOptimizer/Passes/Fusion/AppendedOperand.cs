using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Puts an operator with a constant behind a node, for all who read it.</summary>
internal static class AppendedOperand
{
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

    /// <summary>The only reader of a node, where it is this operator with a constant vector of the given length; else null.</summary>
    public static Node? Of(Node node, string opType, long length) =>
        node.Output().Uses is [{ User: { IsReturn: false } reader }] && reader.Graph == node.Graph && reader.Is(opType)
            && reader.Inputs.Any(input => input?.Constant is { Dimensions: [var own] } && own == length)
            ? reader
            : null;
}
