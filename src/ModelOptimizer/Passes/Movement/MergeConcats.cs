using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes the parts of a Concat along the same axis into the Concat that alone reads it.
/// <code>
/// Concat(a, Concat(b, c))  =>  Concat(a, b, c)
/// </code>
/// </summary>
[Description("Takes the parts of a Concat into the Concat along the same axis that alone reads it.")]
public sealed class MergeConcats : NodeRewrite
{
    /// <summary>Chains and towers of Concats would otherwise cost the square of their length, or twice as much for each storey.</summary>
    private const int MostParts = 256;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Concat" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var inner = node.Inputs.Select(input => input?.Producer).OfType<Node>().Where(part => IsPart(part, node)).ToHashSet();
        if (inner.Count == 0)
            return Outcome.Done;
        Value?[] parts = [.. node.Inputs.SelectMany(input => input?.Producer is { } part && inner.Contains(part) ? part.Inputs : [input])];
        if (parts.Length > MostParts)
            return Outcome.Refused($"it would have {parts.Length} parts");
        if (!context.Rewriting($"take in the parts of {inner.First()}", node))
            return Outcome.Done;
        for (var i = 0; i < parts.Length; i++)
            node.SetInput(i, parts[i]);
        foreach (var part in inner)
            part.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>Read by others too, its parts would be copied twice.</summary>
    private static bool IsPart(Node inner, Node node) => inner.Is("Concat") && inner.Graph == node.Graph && !inner.Attributes.HasReferences
        && inner.Output().Uses.All(use => use.User == node) && Axis(inner) is { } axis && axis == Axis(node);

    private static long? Axis(Node concat)
    {
        // Before opset 4 the axis could be left out.
        var axis = concat.Attributes.GetInt("axis", 1);
        return axis >= 0 ? axis : axis + concat.Inputs.Select(input => input?.Type?.Shape?.Rank).FirstOrDefault(rank => rank is not null);
    }
}
