using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>What a model takes as long as some of its channels are left: a sum of parts, each in proportion to what is left along some axes.</summary>
internal sealed class PruningCost
{
    private readonly IReadOnlyList<Part> _parts;
    private readonly ChannelClasses _classes;

    private PruningCost(ChannelClasses classes, IEnumerable<Part> parts) => (_classes, _parts) = (classes, [.. parts]);

    /// <summary>Floating-point operations in a usual run, see <see cref="FlopCount"/>.</summary>
    public static PruningCost OfFlops(OnnxModel model, ChannelClasses classes)
    {
        var flops = new FlopCount(model);
        return new(classes, GraphWalker.Nodes(model).Select(node => new Part(flops.Of(node), [.. Factors(node, classes)])).Where(part => part.Amount > 0));
    }

    /// <summary>Elements of constants. One that several nodes read counts as the first of them does.</summary>
    public static PruningCost OfParameters(OnnxModel model, ChannelClasses classes) => new(classes, Constants(model, classes, tensor => tensor.ElementCount));

    /// <summary>Bytes of a file.</summary>
    /// <param name="fileBytes">The file as it is.</param>
    public static PruningCost OfBytes(OnnxModel model, ChannelClasses classes, long fileBytes)
    {
        var constants = Constants(model, classes, tensor => tensor.ByteCount).ToList();
        return new(classes, constants.Append(new Part(fileBytes - constants.Sum(part => part.Amount), [])));
    }

    /// <param name="removed">Classes of channels that are gone, by their first channels.</param>
    public double Of(IReadOnlySet<int> removed)
    {
        var shares = new Dictionary<ChannelRange, double>();
        return _parts.Sum(part => part.Factors.Aggregate(part.Amount, (amount, range) => amount * Share(range)));

        double Share(ChannelRange range) => shares.TryGetValue(range, out var known) ? known
            : shares[range] = Enumerable.Range(0, range.Count).Count(place => !removed.Contains(_classes.ClassOf(range[place]))) / (double)range.Count;
    }

    private static IEnumerable<Part> Constants(OnnxModel model, ChannelClasses classes, Func<Tensor, double> amount) =>
        GraphWalker.Nodes(model).Where(node => node.ConstantOutput is null).SelectMany(Operand.Of).Where(operand => operand.IsConstant)
            .DistinctBy(operand => operand.Value).Select(operand => new Part(amount(operand.Value.Constant!), [.. Axes(operand, classes)]));

    /// <summary>Axes that the work of a product is in proportion to: those of its weight, or of two activations all but those that are spread.</summary>
    private static IEnumerable<ChannelRange> Factors(Node node, ChannelClasses classes)
    {
        if (Operand.Input(node, 1) is { IsConstant: true } weight)
            return Axes(weight, classes);
        if (Operand.Input(node, 0) is not { Rank: > 0 and var rank } left || Operand.Output(node, 0) is not { } result)
            return [];
        return Axes(result, classes).Concat(classes.Of(left, rank - 1) is { } depth ? [depth] : []);
    }

    private static IEnumerable<ChannelRange> Axes(Operand operand, ChannelClasses classes) =>
        Enumerable.Range(0, operand.Rank ?? 0).Select(axis => classes.Of(operand, axis)).OfType<ChannelRange>();

    private sealed record Part(double Amount, IReadOnlyList<ChannelRange> Factors);
}
