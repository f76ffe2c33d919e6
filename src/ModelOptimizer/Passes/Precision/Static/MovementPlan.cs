using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Which nodes between the quantized ones move codes instead of floats, and which clamps the rounding of their results makes superfluous. They
/// are taken where that loses nothing: what they read is on the grid already, or everything that reads them wants it to be.
/// </summary>
internal sealed class MovementPlan
{
    private readonly OnnxModel _model;
    private readonly Dictionary<Node, StaticNode> _computing;
    private readonly Dictionary<Node, AffineGrid> _moving = [];
    private readonly IReadOnlySet<Node> _kept;

    /// <param name="kept">Clamps that have to stay.</param>
    public MovementPlan(OnnxModel model, IEnumerable<StaticNode> computing, IReadOnlySet<Node> kept)
    {
        (_model, _kept) = (model, kept);
        _computing = computing.ToDictionary(candidate => candidate.Node);
        foreach (var graph in GraphWalker.Graphs(model))
            foreach (var node in graph.Nodes.Backwards())
                if (GridFor(node) is { } grid)
                    _moving.Add(node, grid);
    }

    /// <summary>The grid on which a node moves codes; null for one that moves floats or does something else.</summary>
    public AffineGrid? GridOf(Node node) => _moving.TryGetValue(node, out var grid) ? grid : null;

    /// <summary>True for a clamp that goes, since what follows it cuts off just the same.</summary>
    public bool IsAbsorbed(Node node) => _moving.ContainsKey(node) && IsClamp(node);

    /// <summary>The grid that a value is on because of how it is made: its producer puts out codes, or moves such.</summary>
    public AffineGrid? MadeOn(Value value)
    {
        // Chains of movement are as long as a model makes them, so no recursion.
        var clamped = false;
        while (value.Producer is { } producer)
        {
            if (_computing.TryGetValue(producer, out var made))
                return made.Operator.NeedsOutput && !(clamped && made.Precision.Activations.IsSymmetric) ? made.Precision.Activations : null;
            if (!CanMove(producer))
                return null;
            clamped |= IsClamp(producer);
            value = producer.Input(0)!;
        }
        return null;
    }

    /// <summary>The grid that a reader wants its operand on; null for one that reads floats.</summary>
    public AffineGrid? WantedBy(Use use)
    {
        if (_computing.TryGetValue(use.User, out var reader))
            return reader.Activations.Contains(use.Index) ? reader.Precision.Activations : null;
        return use.Index == 0 ? GridOf(use.User) : null;
    }

    /// <summary>True when clamps between the value and what computes it keep it within the bounds of another clamp.</summary>
    public bool StaysWithin(Value value, Node clamp)
    {
        var (low, high) = (float.NegativeInfinity, float.PositiveInfinity);
        while (value.Producer is { } producer && (IsClamp(producer) ? KeepsZero(producer) : QuantizableOperators.Moves(producer)))
        {
            if (IsClamp(producer))
                (low, high) = (MathF.Max(low, Bounds(producer)!.Value.Low), MathF.Min(high, Bounds(producer)!.Value.High));
            value = producer.Input(0)!;
        }
        var bounds = Bounds(clamp)!.Value;
        return low >= bounds.Low && high <= bounds.High;
    }

    private AffineGrid? GridFor(Node node)
    {
        if (!CanMove(node))
            return null;
        var uses = node.Outputs.OfType<Value>().SelectMany(output => output.Uses).ToList();
        var wanted = uses.Select(use => use.User.Graph == node.Graph ? WantedBy(use) : null).ToList();
        if (wanted.OfType<AffineGrid>().Distinct().ToList() is not [var grid] || (IsClamp(node) && grid.IsSymmetric))
            return null;
        return !wanted.Contains(null) || MadeOn(node.Input(0)!) == grid ? grid : null;
    }

    private bool CanMove(Node node)
    {
        if (node.Input(0) is not { Constant: null, IsOverridable: false } input || input.Type?.ElementType != DataType.Float || input.Graph != node.Graph)
            return false;
        return IsClamp(node) ? input.Uses.Count == 1 && KeepsZero(node) && !_kept.Contains(node) : QuantizableOperators.Moves(node);
    }

    private static bool IsClamp(Node node) => QuantizableOperators.Find(node) is { Kind: QuantizedKind.Clamp };

    /// <summary>Every grid has zero, so that a clamp that cuts it off does more than rounding.</summary>
    private bool KeepsZero(Node clamp) => Bounds(clamp) is { Low: <= 0, High: >= 0 };

    private ClipBounds? Bounds(Node clamp) => ClipBounds.Of(clamp, _model.OpsetOf(clamp.Graph!));
}
