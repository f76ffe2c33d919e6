using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Opset 13: Softmax, LogSoftmax and Hardmax work along one axis. Before, they worked on all elements from the axis on, as on the rows of a matrix:
/// <code>
/// y = Softmax(x, axis: 1)  =>  y = Reshape(Softmax(Flatten(x, axis: 1), axis: -1), Shape(x))
/// </code>
/// The same thing where all axes behind it have length 1.
/// </summary>
internal static class FlattenedSoftmax
{
    private const long OldDefaultAxis = 1;

    public static Outcome Convert(Node node, OpsetStep step)
    {
        var axis = node.Attributes.GetInt("axis", OldDefaultAxis);
        if (axis == -1 || IsLast(axis, node.Input(0)!.Type?.Shape))
            node.Attributes.Set("axis", axis);
        else
            Flatten(node, axis, step);
        return Outcome.Done;
    }

    private static bool IsLast(long axis, Shape? shape) =>
        shape is not null && shape.Dimensions.Skip((int)(axis < 0 ? axis + shape.Rank : axis) + 1).All(dimension => dimension.Value == 1);

    private static void Flatten(Node node, long axis, OpsetStep step)
    {
        var (graph, x) = (node.Graph!, node.Input(0)!);
        var shape = graph.Insert(node, "Shape", [x]);
        var rows = graph.Insert(node, "Flatten", [x]);
        rows.Attributes.Set("axis", axis);
        var result = graph.Insert(node, node.OpType, [rows.Output()], name: node.Name);
        result.Attributes.Set("axis", -1);
        var reshape = graph.Insert(node, "Reshape", [result.Output(), shape.Output()]);
        // From opset 14 on a length of zero can be told from "as it was".
        if (step.Target >= 14)
            reshape.Attributes.Set("allowzero", 1);
        reshape.Output().TakePlaceOf(node);
    }
}
