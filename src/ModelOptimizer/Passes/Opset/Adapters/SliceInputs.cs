using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Opset 10: where Slice starts and ends became inputs.</summary>
internal static class SliceInputs
{
    private static readonly string[] s_names = ["starts", "ends", "axes"];

    public static Outcome Convert(Node node, OpsetStep step)
    {
        if (!node.Attributes.Has("starts") || !node.Attributes.Has("ends"))
            return Outcome.Refused("it does not say where to start and end");
        for (var i = 0; i < s_names.Length; i++)
        {
            if (node.Attributes.TryGetInts(s_names[i]) is { } numbers)
                node.SetInput(i + 1, step.Int64s(node, s_names[i], numbers.AsSpan()));
            node.Attributes.Remove(s_names[i]);
        }
        return Outcome.Done;
    }
}
