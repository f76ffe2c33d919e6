namespace ModelOptimizer.Onnx;

/// <summary>One input slot of a node. A value knows all slots that read it, and each slot its place there: removal is O(1).</summary>
public sealed class Use
{
    internal Use(Node user, int index)
    {
        User = user;
        Index = index;
    }

    /// <summary>The node that reads; <see cref="Node.IsReturn"/> when the value is a graph output.</summary>
    public Node User { get; }

    /// <summary>The position among the user's inputs.</summary>
    public int Index { get; internal set; }

    internal Value? Value { get; private set; }

    /// <summary>Where this use stands in its value's list.</summary>
    internal int Position { get; set; }

    internal void Set(Value? value)
    {
        if (ReferenceEquals(value, Value))
            return;
        User.Graph?.Touch();
        Value?.RemoveUse(this);
        Value = value;
        value?.AddUse(this);
    }
}
