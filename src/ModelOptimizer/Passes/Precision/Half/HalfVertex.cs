using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What is of one type as a whole: a node, an input or output of the model, or what ties a node to its bodies (a value that a loop carries is of
/// one type before, inside and behind it).
/// </summary>
/// <param name="Number">Its place among all.</param>
/// <param name="Port">What it stands for.</param>
internal sealed record HalfVertex(int Number, HalfPort Port)
{
    /// <summary>The node that it is; null for anything else.</summary>
    public Node? Node => Port.Kind == HalfPortKind.Node ? (Node)Port.Owner : null;

    /// <summary>What is known of the node's operator; null when it has no float16 form.</summary>
    public HalfOperator? Operator { get; } = Port is { Kind: HalfPortKind.Node, Owner: Node node } ? HalfOperators.Find(node) : null;

    /// <summary>The model's input that it is; null for anything else.</summary>
    public Value? Input => Port.Kind == HalfPortKind.Input ? Port.Owner as Value : null;

    /// <summary>The model's output that it is; null for anything else.</summary>
    public GraphOutput? Output => Port.Kind == HalfPortKind.Output ? Port.Owner as GraphOutput : null;

    /// <summary>Why it has to stay float32; null when nothing speaks against float16.</summary>
    public string? Danger { get; private set; }

    /// <summary>Whether it is worth Casts.</summary>
    public bool IsWanted { get; set; }

    /// <summary>The decision.</summary>
    public bool IsHalf { get; set; }

    /// <summary>Keeps it float32. The first reason stays.</summary>
    public void Keep(string why) => Danger ??= why;

    public bool Equals(HalfVertex? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Number;
}

/// <summary>A float32 value on its way from what makes it to all that read it.</summary>
/// <param name="Value">The value.</param>
/// <param name="Maker">Null for a constant, which can be had in both types.</param>
/// <param name="Readers">Every slot that reads it.</param>
internal sealed record HalfEdge(Value Value, HalfVertex? Maker, IReadOnlyList<(Use Use, HalfVertex Vertex)> Readers)
{
    /// <summary>What messages call it.</summary>
    public string Name => Value.Name.Length > 0 || Value.Producer is null ? $"'{Value}'" : $"what {Value.Producer} makes";

    /// <summary>Its content, if it is constant.</summary>
    public Tensor? Constant => Maker is null ? Value.Constant : null;

    /// <summary>Everything that makes or reads it.</summary>
    public IEnumerable<HalfVertex> Ends => (Maker is null ? [] : new[] { Maker }).Concat(Readers.Select(reader => reader.Vertex));

    /// <summary>Keeps what makes it and what reads it in float32.</summary>
    public void Keep(string why)
    {
        foreach (var end in Ends)
            end.Keep(why);
    }
}
