using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// BatchNormalization and Dropout: how they are told to train changed with nearly every version. Nodes that train are refused, the others lose
/// what told them not to.
/// </summary>
internal static class TrainingModes
{
    /// <summary>Opset 7: test mode is the rule; before, it had to be asked for.</summary>
    public static Outcome RequireTest(Node node)
    {
        if (node.Attributes.GetInt("is_test", 0) == 0)
            return Outcome.Refused("it is in training mode (is_test is 0)");
        node.Attributes.Remove("is_test");
        return Outcome.Done;
    }

    /// <summary>Opset 9: no statistics of every single position any more.</summary>
    public static Outcome RequireSpatial(Node node)
    {
        if (node.Attributes.GetInt("spatial", 1) == 0)
            return Outcome.Refused("it normalizes every position by itself (spatial is 0), which newer versions can't");
        node.Attributes.Remove("spatial");
        return Outcome.Done;
    }

    /// <summary>Opset 10: the mask is of booleans.</summary>
    public static Outcome RequireUnreadMask(Node node) => node.Outputs.Count > 1 && node.Outputs[1]?.Uses.Count > 0
        ? Outcome.Refused("its mask is read, whose type changed")
        : Outcome.Done;

    /// <summary>Opset 12: the ratio, which has an effect in training only, became an input.</summary>
    public static Outcome RatioToInput(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetFloat("ratio") is { } ratio)
            node.SetInput(1, step.Constant(node, "ratio", Tensor.Create([], ratio)));
        node.Attributes.Remove("ratio");
        return Outcome.Done;
    }

    /// <summary>Opset 14: training is an attribute; before, it was to have more than one output.</summary>
    public static Outcome RequireOneOutput(Node node) => node.Outputs.Count > 1
        ? Outcome.Refused("it has the outputs of training mode")
        : Outcome.Done;
}
