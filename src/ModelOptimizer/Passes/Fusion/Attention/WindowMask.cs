using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// A mask for each of an image's windows, as Swin adds it: to scores seen as <c>[images, windows, heads, length, length]</c>, all of which are
/// one batch before and after. (Liu et al., "Swin Transformer", arXiv 2103.14030, section 3.2.)
/// </summary>
/// <param name="Mask"><c>[1, windows, heads or 1, length or 1, length]</c>.</param>
/// <param name="Addition">The node that adds it.</param>
internal sealed record WindowMask(Value Mask, Node Addition)
{
    private Value View => Addition.Input(0) == Mask ? Addition.Input(1)! : Addition.Input(0)!;

    /// <summary>Why it is not known to be the same as a mask for each element of the batch; null when it is.</summary>
    public string? Misfit => Views() && Mask.Type?.Shape is { Rank: 5 } mask && mask.Dimensions.All(length => length.Value > 0) && Fits(mask, View.Type!.Shape!)
        ? null
        : $"its mask '{Mask}' is not known to be one of fixed size for each window of a fixed number";

    /// <summary>The mask for each element of the batch, <c>[images · windows, …]</c>.</summary>
    public Value Make(Node before)
    {
        var (graph, images) = (before.Graph!, View.Type!.Shape![0].Value!.Value);
        long[] mask = [.. Mask.Type!.Shape!.Dimensions.Select(length => length.Value!.Value)];
        var repeated = images == 1 ? Mask : graph.Insert(before, "Expand", [Mask, Shape(graph, [images, .. mask[1..]])]).Output();
        long[] shape = [images * mask[1], .. mask[2..]];
        var result = graph.Insert(before, "Reshape", [repeated, Shape(graph, shape)]).Output();
        result.Infer(new TensorType(DataType.Float, new Shape([.. shape.Select(length => new Dimension(length))])));
        return result;
    }

    /// <summary>Whether the Reshapes before and behind part nothing but the batch, and put it together again.</summary>
    private bool Views()
    {
        var (apart, before) = (View.Type?.Shape, View.Producer?.Input(0)?.Type?.Shape);
        var after = Addition.Output().Uses is [{ User: { } reshape }] ? reshape.Output().Type?.Shape : null;
        return apart is { Rank: 5 } && before is { Rank: 4 } && after is { Rank: 4 }
            && apart[0].Value is > 0 and var images && apart[1].Value is > 0 and var windows && before[0].Value == images * windows && after[0].Value == images * windows
            && Enumerable.Range(1, 3).All(axis => Lengths.AreEqual(before[axis], apart[axis + 1]) && Lengths.AreEqual(before[axis], after[axis]));
    }

    private static bool Fits(Shape mask, Shape view) =>
        mask[0].Value == 1 && mask[1] == view[1] && mask[4] == view[4] && Enumerable.Range(2, 2).All(axis => mask[axis].Value == 1 || mask[axis] == view[axis]);

    private static Value Shape(Graph graph, long[] lengths) => graph.AddConstant("shape", Tensor.Create([lengths.Length], lengths));
}
