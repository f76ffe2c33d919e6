using System.Collections.Immutable;
using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces small integer tensors whose elements are known from types alone, though their inputs are not constant: questions about shapes and what is
/// computed from the answers.
/// <code>
/// Shape(x: float[2,3])                       =>  [2,3]
/// Gather(Shape(x: float[n,3]), 1)            =>  3
/// Div(Size(x: float[n,3]), Size(y: float[n])) =>  3
/// </code>
/// </summary>
[Description("Replaces small integer tensors whose elements are known from types alone: shapes and what is computed from them.")]
public sealed class FoldShape : GraphPass
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override void Run(Graph graph, PassContext context)
    {
        // Last first: what only led to a folded value is dead by the time it is met.
        var isFolded = false;
        foreach (var node in graph.Nodes.Backwards())
            if (node.ConstantOutput is null)
                isFolded = Fold(node, context, isFolded);
    }

    /// <param name="isFolded">Whether a node behind was folded: what was dead before is another pass's to remove.</param>
    /// <returns>Whether one was, this one included.</returns>
    private static bool Fold(Node node, PassContext context, bool isFolded)
    {
        foreach (var output in node.Outputs.OfType<Value>())
        {
            if (output.Uses.Count == 0 || Answer(output, context) is not { } answer)
                continue;
            if (!context.Rewriting($"replace {node.OpType} by its elements, which are known", node))
                return isFolded;
            output.ReplaceAllUsesWith(node.Graph!.AddConstant(output.Name, answer));
            isFolded = true;
        }
        if (isFolded && node.Outputs.Any(output => output is not null && Answer(output, context) is not null))
            node.RemoveIfUnused();
        return isFolded;
    }

    private static Tensor? Answer(Value value, PassContext context)
    {
        if (value.Type is not { Shape: { } shape } type || context.ElementsOf(value) is not { } elements || elements.Any(element => element.Value is null))
            return null;
        var dimensions = shape.Rank == 0 ? [] : new long[] { elements.Length };
        return Create(type.ElementType, dimensions, elements.Select(element => element.Value!.Value).ToImmutableArray());
    }

    private static Tensor? Create(DataType type, long[] dimensions, ImmutableArray<long> elements) => type switch
    {
        DataType.Int64 => Tensor.Create(dimensions, [.. elements]),
        DataType.Int32 => Tensor.Create(type, dimensions, elements.Select(element => (int)element).ToArray()),
        DataType.Bool => Tensor.Create(type, dimensions, elements.Select(element => (byte)element).ToArray()),
        _ => null,
    };
}
