using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes elements of one vector at once that are taken one by one and put side by side, as exporters do with the lengths of a shape.
/// <code>
/// Concat(Gather(v, [0]), Gather(v, [1]), [64])  =>  Concat(Gather(v, [0,1]), [64])
/// Concat(v[0:1], v[2:4])                        =>  Gather(v, [0,2,3])
/// </code>
/// </summary>
[Description("Takes elements of one vector at once that are taken one by one and put side by side.")]
public sealed class MergeConcatParts : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Concat" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Attributes.TryGetInt("axis") is not (0 or -1))
            return Outcome.Done;
        var runs = Runs(node, context.Opset(node.Graph!));
        if (runs.Count == node.Inputs.Count || !context.Rewriting("take neighbouring elements of a vector at once", node))
            return Outcome.Done;
        Value[] merged = [.. runs.Select(run => run.Count == 1 ? node.Input(run[0].Index)! : Gather(node, run))];
        if (merged is [var whole])
            whole.TakePlaceOf(node);
        else
            Replace(node, merged);
        foreach (var part in runs.Where(run => run.Count > 1).SelectMany(run => run))
            part.Node!.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>The inputs, those together that are neighbouring parts of one vector.</summary>
    private static List<List<Part>> Runs(Node concat, long opset)
    {
        var runs = new List<List<Part>>();
        for (var i = 0; i < concat.Inputs.Count; i++)
        {
            var part = PartAt(concat, i, opset);
            if (part.Vector is not null && runs is [.., var last] && last[0].Vector == part.Vector)
                last.Add(part);
            else
                runs.Add([part]);
        }
        return runs;
    }

    /// <summary>What nothing but this Concat reads of a vector; without a vector for anything else.</summary>
    private static Part PartAt(Node concat, int index, long opset)
    {
        var node = concat.Input(index)?.Producer;
        if (node is null || !node.Is("Gather", "Slice") || node.Graph != concat.Graph || node.Attributes.HasReferences || node.Output().Uses.Count > 1 || !IsVector(node.Input(0)))
            return new Part(index);
        var places = node.Is("Gather") ? Places(node) : Places(node, opset);
        return places is null ? new Part(index) : new Part(index, node, node.Input(0), places);
    }

    private static bool IsVector(Value? value) => value is not null && (value.Type?.Shape?.Rank == 1 || value.Producer?.Is("Shape") == true);

    private static long[]? Places(Node gather) => gather.Input(1)?.Constant is { Dimensions.Length: 1 } indices ? indices.AsInt64s() : null;

    /// <summary>Those of a Slice that keeps within the vector.</summary>
    private static long[]? Places(Node slice, long opset)
    {
        if (slice.Input(0)!.Type?.Shape is not { Rank: 1, Dimensions: [{ Value: { } length }] } || ConstantSlice.Of(slice, opset) is not [{ Step: 1 } cut])
            return null;
        var (start, end) = (Clamp(cut.Start), Clamp(cut.End));
        return start < end ? [.. Enumerable.Range(0, (int)(end - start)).Select(i => start + i)] : null;

        long Clamp(long place) => Math.Clamp(place < 0 ? place + length : place, 0, length);
    }

    private static Value Gather(Node concat, IReadOnlyList<Part> run)
    {
        long[] places = [.. run.SelectMany(part => part.Places!)];
        var indices = concat.Graph!.AddConstant("indices", Tensor.Create([places.Length], places));
        var gather = concat.Graph.Insert(concat, "Gather", [run[0].Vector, indices]);
        if (run[0].Vector!.Type is { } type)
            gather.Output().Infer(type with { Shape = Shape.Of(places.Length) });
        return gather.Output();
    }

    private static void Replace(Node concat, Value[] parts)
    {
        for (var i = 0; i < parts.Length; i++)
            concat.SetInput(i, parts[i]);
        concat.TrimInputs(parts.Length);
    }

    /// <param name="Index">The input of the Concat.</param>
    /// <param name="Node">What takes the part.</param>
    /// <param name="Vector">What it takes it from; null when it is no part of a vector.</param>
    /// <param name="Places">The elements taken.</param>
    private sealed record Part(int Index, Node? Node = null, Value? Vector = null, long[]? Places = null);
}
