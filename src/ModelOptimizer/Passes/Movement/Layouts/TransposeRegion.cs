using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Nodes that read each other and that one order of axes passes through, with the Transposes around them.</summary>
internal sealed class TransposeRegion
{
    private readonly IReadOnlyList<PassedNode> _passed;
    private readonly IReadOnlyDictionary<Value, TransposedReaders> _readers;
    private readonly Dictionary<Value, Value> _moved = [];

    /// <param name="passed">In order of execution.</param>
    /// <param name="readers">Who reads each transposed value.</param>
    public TransposeRegion(IReadOnlyList<PassedNode> passed, IReadOnlyDictionary<Value, TransposedReaders> readers)
    {
        (_passed, _readers) = (passed, readers);
        var sources = passed.SelectMany(node => node.Node.Inputs).OfType<Value>().Where(IsTransposed).Select(input => input.Producer!).ToHashSet();
        Transposes = [.. sources, .. Results.SelectMany(result => readers[result].Absorbing)];
        Saved = sources.Count(Disappears) + Results.Sum(result => readers[result].Absorbing.Count(Cancels) - (readers[result].IsFree ? 0 : 1));
    }

    /// <summary>Those before the region and behind it.</summary>
    public IReadOnlyList<Node> Transposes { get; }

    /// <summary>How many Transposes fewer there are once the region is passed through.</summary>
    public int Saved { get; }

    public Node First => _passed[0].Node;

    private ImmutableArray<long> Order => _passed[0].Order;

    private IEnumerable<Value> Results => _passed.SelectMany(node => node.Node.Outputs).OfType<Value>();

    /// <summary>Makes the nodes anew on the near side of the Transposes, which stand behind them from now on where they are needed at all.</summary>
    public void PassThrough(long opset)
    {
        foreach (var node in _passed)
            Move(node, opset);
        foreach (var node in _passed)
            foreach (var output in node.Node.Outputs.OfType<Value>())
                Reconnect(output, node.Node);
        foreach (var node in _passed.Reverse())
            node.Node.Remove();
        foreach (var transpose in Transposes)
            transpose.RemoveIfUnused();
    }

    private void Move(PassedNode passed, long opset)
    {
        var (node, moving) = (passed.Node, passed.Rule.Moving(passed.Node).ToHashSet());
        Value?[] inputs = [.. node.Inputs.Select((input, i) => moving.Contains(i) ? Source(input!, node) : input)];
        var copy = node.Graph!.InsertCopy(node, node, inputs);
        passed.Rule.Adapt(copy, Order, opset);
        for (var i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i] is { } output)
                _moved.Add(output, Typed(copy.Output(i), output.Type));
    }

    /// <summary>What a transposed value is a Transpose of; a Transpose of another order is turned into one that makes up the difference.</summary>
    private Value Source(Value value, Node reader)
    {
        if (_moved.TryGetValue(value, out var moved))
            return moved;
        var transpose = value.Producer!;
        var order = Permutation.Of(transpose)!.Value;
        if (order.SequenceEqual(Order))
            return transpose.Input(0)!;
        var turned = reader.Graph!.Insert(reader, "Transpose", [transpose.Input(0)], name: transpose.Name);
        turned.Attributes.Set("perm", order.Then(Order.Inverse()));
        return _moved[value] = Typed(turned.Output(), value.Type);
    }

    private void Reconnect(Value old, Node place)
    {
        var moved = _moved[old];
        foreach (var transpose in _readers[old].Absorbing)
            Merge(transpose, moved);
        if (_readers[old].IsFree)
            return;
        var behind = place.Graph!.Insert(place, "Transpose", [moved]);
        behind.Attributes.Set("perm", Order);
        (behind.Output().Name, moved.Name) = (old.Name, "");
        if (old.Type is { } type)
            behind.Output().Infer(type);
        old.ReplaceAllUsesWith(behind.Output());
    }

    private void Merge(Node transpose, Value moved)
    {
        var order = Order.Then(Permutation.Of(transpose)!.Value);
        transpose.SetInput(0, moved);
        transpose.Attributes.Set("perm", order);
        if (order.IsIdentity() && (!transpose.Output().IsGraphOutput || moved.CanBecomeOutputOf(transpose.Graph!)))
            transpose.ReplaceWith(moved);
    }

    private Value Typed(Value moved, TensorType? old)
    {
        if (old is { Shape: { } shape })
            moved.Infer(old with { Shape = new Shape([.. Order.Inverse().Select(axis => shape[(int)axis])]) });
        return moved;
    }

    private bool IsTransposed(Value input) => _readers.ContainsKey(input) && input.Producer is { } producer && producer.Is("Transpose");

    /// <summary>Of its order, and read by nothing that stays. One that is turned is only replaced.</summary>
    private bool Disappears(Node transpose) => _readers[transpose.Output()] is { IsFree: true, Absorbing.Count: 0 }
        && Permutation.Of(transpose) is { } order && order.SequenceEqual(Order);

    private bool Cancels(Node transpose) =>
        Permutation.Of(transpose) is { } order && order.Length == Order.Length && Order.Then(order).IsIdentity();
}
