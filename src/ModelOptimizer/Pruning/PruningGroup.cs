using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>What kind of channels a group is of.</summary>
public enum PruningKind
{
    /// <summary>Channels of convolutions, and widths of matrices that several layers share.</summary>
    Channels,

    /// <summary>Neurons between the two matrix products of a feed-forward network.</summary>
    Hidden,

    /// <summary>Heads of attention.</summary>
    Heads,
}

/// <summary>The places of a group's units along one axis of a tensor.</summary>
/// <param name="Range">The tensor and the axis.</param>
/// <param name="Role">What is done with the axis; of no meaning for what a run computes.</param>
/// <param name="Places">By unit: its places along the axis, ascending.</param>
internal sealed record PrunedAxis(ChannelRange Range, ChannelRole Role, IReadOnlyList<IReadOnlyList<int>> Places)
{
    public Operand Operand => Range.Operand;

    /// <summary>Elements of the tensor that a unit has; null where its size is unknown.</summary>
    public long? ElementsOfUnit => Operand.Shape?.ElementCount / Range.Count * Places[0].Count;
}

/// <summary>
/// Units that can be taken out of a model one by one, each with its places along all axes that are narrower without it.
/// </summary>
/// <param name="Kind">What the units are.</param>
/// <param name="Classes">By unit: the class that its channels are.</param>
/// <param name="Constants">Axes of constants, in the order of nodes.</param>
/// <param name="Activations">Axes of what a run computes.</param>
internal sealed record PruningGroup(
    PruningKind Kind, IReadOnlyList<int> Classes, IReadOnlyList<PrunedAxis> Constants, IReadOnlyList<PrunedAxis> Activations)
{
    public int Units => Classes.Count;

    /// <summary>Weights that make the channels.</summary>
    public IEnumerable<PrunedAxis> Producers => Constants.Where(axis => axis.Role == ChannelRole.Output);

    /// <summary>Weights that sum over the channels.</summary>
    public IEnumerable<PrunedAxis> Consumers => Constants.Where(axis => axis.Role == ChannelRole.Input);

    /// <summary>The node that makes the channels first.</summary>
    public Node Start => Producers.First().Operand.Reader!;

    /// <summary>Elements of constants that a unit has.</summary>
    public long ParametersOfUnit => Constants.DistinctBy(axis => (axis.Operand.Value, axis.Range.Axis)).Sum(axis => axis.ElementsOfUnit ?? 0);
}
