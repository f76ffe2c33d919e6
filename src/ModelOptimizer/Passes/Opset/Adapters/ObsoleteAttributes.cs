using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Attributes that never had an effect on results and are gone.</summary>
internal static class ObsoleteAttributes
{
    /// <summary>Opset 6: hints which inputs could be overwritten.</summary>
    public static Outcome DropConsumedInputs(Node node)
    {
        node.Attributes.Remove("consumed_inputs");
        return Outcome.Done;
    }

    /// <summary>Opset 7: whether the sequence of states is wanted follows from its being read.</summary>
    public static Outcome DropOutputSequence(Node node)
    {
        node.Attributes.Remove("output_sequence");
        return Outcome.Done;
    }
}
