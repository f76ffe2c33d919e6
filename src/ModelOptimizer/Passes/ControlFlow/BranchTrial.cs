using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Tries on a copy of the model whether the runtime loads it with a branch in the place of its If.</summary>
internal static class BranchTrial
{
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <returns>The runtime's reason against it; null when it loads.</returns>
    public static string? Refusal(Node node, Graph branch, PassContext context)
    {
        var trial = context.Model.Clone();
        var copy = GraphWalker.Nodes(trial).ElementAt(IndexOf(node, context.Model));
        var attribute = node.Bodies.Single(body => body.Graph == branch).Attribute;
        Inlining.ReplaceByBody(copy, copy.Bodies.Single(body => body.Attribute == attribute).Graph);
        try
        {
            context.Engine.Open(trial, AsWritten).Dispose();
            return null;
        }
        catch (InferenceException e)
        {
            return e.Message;
        }
    }

    private static int IndexOf(Node node, OnnxModel model) => GraphWalker.Nodes(model).Index().First(pair => pair.Item == node).Index;
}
