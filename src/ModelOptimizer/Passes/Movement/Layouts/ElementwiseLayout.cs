using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Element by element, with broadcasting: constants are transposed the other way round, single elements stay.</summary>
internal sealed class ElementwiseLayout : LayoutRule
{
    /// <summary>The first opset whose operands are all aligned at their last axes.</summary>
    private const long AlignedAtEnd = 7;

    public override IEnumerable<int> Moving(Node node) =>
        Enumerable.Range(0, node.Inputs.Count).Where(i => node.Input(i) is { Constant: null } input && !IsOneElement(input));

    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) =>
        (opset >= AlignedAtEnd || !(node.Attributes.Has("broadcast") || node.Is("PRelu")))
        && node.Outputs.Skip(1).All(output => output is null || output.Uses.Count == 0)
        && node.Inputs.OfType<Value>().All(input => input.Constant is not null
            ? TensorPermutation.CanPermute(input, order.Length)
            : !IsOneElement(input) || input.Type!.Shape!.Rank <= order.Length);

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
            if (node.Input(i) is { Constant.ElementCount: not 1 } constant)
                node.SetInput(i, constant.Permuted(order.Inverse(), node.Graph!));
    }

    private static bool IsOneElement(Value value) => value.Type?.Shape?.ElementCount == 1;
}
