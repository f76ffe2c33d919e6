using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Opset 11: the bounds of Clip became inputs. Left out, they mean the same before and after: the type's own.</summary>
internal static class ClipInputs
{
    public static Outcome Convert(Node node, OpsetStep step)
    {
        var bounds = new[] { node.Attributes.TryGetFloat("min"), node.Attributes.TryGetFloat("max") };
        if (bounds.Any(bound => bound is not null && OperandTypes.Scalar(node, bound.Value) is null))
            return Outcome.Refused(OperandTypes.UnknownType);
        for (var i = 0; i < bounds.Length; i++)
            if (bounds[i] is { } bound)
                node.SetInput(i + 1, step.Constant(node, i == 0 ? "min" : "max", OperandTypes.Scalar(node, bound)!));
        node.Attributes.Remove("min");
        node.Attributes.Remove("max");
        return Outcome.Done;
    }
}
