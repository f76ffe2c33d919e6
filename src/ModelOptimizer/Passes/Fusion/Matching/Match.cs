using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>One way in which nodes can be read as a pattern: the nodes, and the values that its captures stand for.</summary>
internal sealed record Match(Node Root)
{
    private ImmutableDictionary<Capture, Value> Captures { get; init; } = ImmutableDictionary<Capture, Value>.Empty;

    /// <summary>The nodes that the pattern covers, the root first.</summary>
    public ImmutableList<Node> Nodes { get; private init; } = [];

    public Graph Graph => Root.Graph!;

    /// <summary>The value that a capture of the alternative matched stands for.</summary>
    public Value this[Capture capture] => Captures[capture];

    public Value? TryGet(Capture capture) => Captures.GetValueOrDefault(capture);

    public float Number(Capture capture) => this[capture].Constant!.ToFloats()[0];

    public Match With(Node node) => Nodes.Contains(node) ? this : this with { Nodes = Nodes.Add(node) };

    public Match With(Capture capture, Value value) => this with { Captures = Captures.Add(capture, value) };

    /// <summary>A value within that somebody else reads too, so that its node would have to stay; null when there is none.</summary>
    public Value? ReadElsewhere => Nodes.Where(node => node != Root).SelectMany(node => node.Outputs).OfType<Value>()
        .FirstOrDefault(value => value.Uses.Any(use => !Nodes.Contains(use.User)));

    /// <summary>
    /// Whether the pattern's numbers leave the shape of <paramref name="operand"/> as it is: a number of shape [1,1,1] gives a matrix
    /// another axis.
    /// </summary>
    public bool KeepsShapeOf(Value operand) => NumberRank == 0 || operand.Type?.Shape is { } shape && NumberRank <= shape.Rank;

    /// <summary>The type that the formula is computed in; what a function gets has none yet, but the formula's numbers tell.</summary>
    public DataType? TypeOf(Value operand) => operand.Type?.ElementType ?? Numbers.FirstOrDefault()?.ElementType;

    private int NumberRank => Numbers.Concat(Exponents).Select(constant => constant.Dimensions.Length).DefaultIfEmpty(0).Max();

    /// <summary>Those of a Pow may be whole numbers.</summary>
    private IEnumerable<Tensor> Exponents => Nodes.Where(node => node.Is("Pow")).Select(node => node.Input(1)?.Constant).OfType<Tensor>();

    private IEnumerable<Tensor> Numbers => Nodes.SelectMany(node => node.Inputs).Select(input => input?.Constant).OfType<Tensor>()
        .Where(constant => constant.ElementCount == 1 && constant.ElementType.IsFloatingPoint());

    /// <summary>Lets the readers of the root read <paramref name="fused"/> and takes all nodes of the match away.</summary>
    public void ReplaceWith(Value fused)
    {
        var root = Root.Output();
        fused.Name = root.Name;
        if (root.Type is { } type)
            fused.Infer(type);
        root.ReplaceAllUsesWith(fused);
        RemoveUnread(Root);
    }

    private void RemoveUnread(Node node)
    {
        if (node.Graph is null || node.Outputs.Any(output => output?.Uses.Count > 0))
            return;
        var producers = node.Inputs.Select(input => input?.Producer).OfType<Node>().Where(Nodes.Contains).ToList();
        node.Remove();
        producers.ForEach(RemoveUnread);
    }
}
