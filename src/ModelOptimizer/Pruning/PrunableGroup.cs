using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Units that pruning passes may take out of a model one by one.</summary>
/// <param name="Name">The node that makes them first.</param>
/// <param name="Kind">What they are.</param>
/// <param name="Units">How many there are.</param>
/// <param name="ParametersOfUnit">Elements of constants that go with one.</param>
/// <param name="FlopsOfUnit">Floating-point operations that go with one in a usual run: a batch of one, 64 positions, pictures of 224 × 224.</param>
/// <param name="Weights">Axes of constants that become shorter.</param>
/// <param name="Outputs">Axes of results of nodes that do.</param>
public sealed record PrunableGroup(
    string Name, PruningKind Kind, int Units, long ParametersOfUnit, double FlopsOfUnit, IReadOnlyList<PrunableAxis> Weights, IReadOnlyList<PrunableAxis> Outputs);

/// <summary>Where units stand in a tensor.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Axis">The axis, counted from the first.</param>
/// <param name="Length">Its length.</param>
/// <param name="First">The first place of any unit.</param>
/// <param name="Last">The last.</param>
/// <param name="PlacesOfUnit">Places of one unit.</param>
public sealed record PrunableAxis(string Tensor, int Axis, int Length, int First, int Last, int PlacesOfUnit);

/// <summary>A layer whose channels all have to stay.</summary>
/// <param name="Node">The layer.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Why">The reason.</param>
public sealed record HeldLayer(string Node, string Weight, string Why);

/// <summary>What pruning passes could take out of a model as it is.</summary>
/// <param name="Groups">In the order of nodes.</param>
/// <param name="Held">Layers that they can't make narrower.</param>
/// <param name="Flops">Floating-point operations of the model in a usual run.</param>
public sealed record PruningPreview(IReadOnlyList<PrunableGroup> Groups, IReadOnlyList<HeldLayer> Held, double Flops)
{
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="engine">Infers types.</param>
    public static PruningPreview Of(OnnxModel model, IInferenceEngine engine)
    {
        new PassContext(model, new RewriteLog(), engine, new DiagnosticBag()).InferTypes();
        var (groups, held) = PruningGroups.Of(ChannelMap.Of(model));
        var flops = new FlopCount(model);
        return new([.. groups.Select(group => Of(group, flops))], [.. held.Select(layer => new HeldLayer(layer.Node.ToString(), layer.Weight.Name, layer.Why))],
            flops.Total);
    }

    private static PrunableGroup Of(PruningGroup group, FlopCount flops) => new(group.Start.ToString(), group.Kind, group.Units, group.ParametersOfUnit,
        flops.OfUnit(group), [.. group.Constants.Select(Of)], [.. group.Activations.Select(Of)]);

    private static PrunableAxis Of(PrunedAxis axis) => new(axis.Operand.Value.ToString(), axis.Range.Axis, axis.Range.Count,
        axis.Places.Min(places => places[0]), axis.Places.Max(places => places[^1]), axis.Places[0].Count);
}
