using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Puts nodes in the place of others.</summary>
internal static class NodeReplacement
{
    /// <summary>Lets a new node with as many outputs stand in for another, output by output, and takes that away.</summary>
    public static void TakeOutputsOf(this Node node, Node other)
    {
        // From the last on: outputs at the end that are left out disappear.
        for (var i = other.Outputs.Count - 1; i >= 0; i--)
            if (other.Outputs[i] is { } output)
            {
                node.Output(i).Type = output.Type;
                output.ReplaceAllUsesWith(node.Output(i));
            }
            else
                node.ClearOutput(i);
        other.Remove();
    }
}
