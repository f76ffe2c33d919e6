using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Asks for the lengths that are wanted only, where every reader of a Shape takes a part of it. From opset 15 on.
/// <code>
/// Gather(Shape(x), [1])  =>  Shape(x, start: 1, end: 2)
/// Slice(Shape(x), 2:)    =>  Shape(x, start: 2)
/// </code>
/// </summary>
[Description("Asks for the lengths that are wanted only, where every reader of a Shape takes a part of it.")]
public sealed class NarrowShapes : NodeRewrite
{
    /// <summary>The first opset whose Shape can show a part.</summary>
    private const long PartialShape = 15;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Shape" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var opset = context.Opset(node.Graph!);
        if (opset < PartialShape || node.Attributes.Has("start") || node.Attributes.Has("end") || node.Output().Uses.Count == 0)
            return Outcome.Done;
        var readers = node.Output().Uses.Select(use => use.User).Distinct().ToList();
        var parts = readers.Select(reader => reader.Graph == node.Graph ? Part(reader, node.Output(), opset) : null).ToList();
        if (parts.Contains(null) || !context.Rewriting("ask for parts of the shape only", node))
            return Outcome.Done;
        for (var i = 0; i < readers.Count; i++)
            Narrow(node, readers[i], parts[i]!.Value);
        node.RemoveIfUnused();
        return Outcome.Done;
    }

    private static void Narrow(Node shape, Node reader, AxisSlice part)
    {
        var narrow = reader.Graph!.Insert(reader, "Shape", [shape.Input(0)], name: reader.Name);
        narrow.Attributes.Set("start", part.Start);
        if (!part.IsOpen)
            narrow.Attributes.Set("end", part.End);
        narrow.Output().TakePlaceOf(reader);
    }

    /// <summary>The lengths that the reader takes, when they stand side by side; null for any other reader.</summary>
    private static AxisSlice? Part(Node reader, Value shape, long opset)
    {
        if (reader.Input(0) != shape || reader.Attributes.HasReferences)
            return null;
        if (reader.Is("Slice"))
            return ConstantSlice.Of(reader, opset) is [{ Axis: 0 or -1, Step: 1 } cut] ? cut : null;
        return reader.Is("Gather") && reader.Input(1)?.Constant is { Dimensions.Length: 1, ElementCount: > 0 } indices ? Run(indices.AsInt64s()) : null;
    }

    /// <summary>Consecutive places, all counted from the same side.</summary>
    private static AxisSlice? Run(long[] places)
    {
        var (first, end) = (places[0], places[^1] + 1);
        if (first < 0 && end > 0 || places.Where((place, i) => place != first + i).Any())
            return null;
        return new AxisSlice(0, first, end == 0 ? long.MaxValue : end, 1);
    }
}
