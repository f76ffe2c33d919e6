using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Puts what a body computes in the place of the node that carries it.</summary>
internal static class Inlining
{
    /// <param name="body">A body of the node.</param>
    /// <param name="arguments">What stands for its inputs.</param>
    public static void ReplaceByBody(Node node, Graph body, params ReadOnlySpan<Value> arguments)
    {
        var values = node.Graph!.InlineBody(body, arguments);
        for (var i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i] is { } output)
                ReplaceOutput(output, values[i]);
        node.Remove();
    }

    /// <summary>What one step collects, with the axis along which it is collected.</summary>
    public static Value WithAxis(Node before, Value value, long axis, long opset)
    {
        var unsqueeze = before.Graph!.Insert(before, "Unsqueeze", [value], name: $"{before.Name}_collected");
        AxesOperand.Set(unsqueeze, [axis], opset);
        return unsqueeze.Output();
    }

    /// <summary>Lets every reader of a node's output read another value, by way of an Identity where the format needs a node for a graph's output.</summary>
    public static void ReplaceOutput(Value output, Value replacement)
    {
        var graph = output.Graph;
        var canBeOutput = replacement.Graph == graph && !replacement.IsGraphInput && !replacement.IsGraphOutput;
        output.ReplaceAllUsesWith(output.IsGraphOutput && !canBeOutput
            ? graph.Insert(output.Producer, "Identity", [replacement], name: output.Name).Output()
            : replacement);
    }
}
