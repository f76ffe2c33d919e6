using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The keys and values of an attention, seen through what repeats their heads and what joins them to past ones.</summary>
internal sealed class KeyValues
{
    private readonly Node _root;
    private readonly Value _key;
    private readonly Value _value;
    private readonly bool _keyIsRows;

    /// <summary>The Concats of past and new keys and values.</summary>
    private readonly (Node Key, Node Value)? _joins;

    private KeyValues(Node root, Value key, Value value, bool keyIsRows)
    {
        (_root, _key, _value, _keyIsRows) = (root, key, value, keyIsRows);
        var keyShape = key.Type!.Shape!;
        (Heads, Size, ValueSize) = (keyShape[keyIsRows ? 2 : 1].Value!.Value, keyShape[3].Value!.Value, value.Type!.Shape![3].Value!.Value);
        _joins = keyIsRows ? null : Joins();
    }

    /// <summary>How many heads keys and values have, before they are repeated.</summary>
    public long Heads { get; }

    public long Size { get; }

    public long ValueSize { get; }

    /// <summary>Keys and values, without past ones, as far as their heads are apart.</summary>
    public IEnumerable<Value> NewApart => _keyIsRows ? [NewValue] : [NewKey, NewValue];

    private Value NewKey => _joins?.Key.Input(1) ?? _key;

    private Value NewValue => _joins?.Value.Input(1) ?? _value;

    /// <summary>Past keys and values, <c>[batch, heads, past length, size]</c>; null when there are none.</summary>
    public (Value Key, Value Value)? Past => _joins is var (key, value) ? (key.Input(0)!, value.Input(0)!) : null;

    /// <summary>Keys and values with their heads apart.</summary>
    public (Value Key, Value Value) Apart => (_key, _value);

    /// <summary>The keys and values of a formula; null when their shapes don't fit.</summary>
    public static KeyValues? Of(AttentionFormula formula)
    {
        var (key, value) = (formula.Key, formula.Value);
        if (!formula.KeyIsRows && RepeatedHeads(key) is { } oneKey && RepeatedHeads(value) is { } oneValue)
            (key, value) = (oneKey, oneValue);
        var (query, keys, values) = (formula.Query.Type!.Shape!, key.Type!.Shape!, value.Type!.Shape!);
        var (heads, length) = formula.KeyIsRows ? (keys[2], keys[1]) : (keys[1], keys[2]);
        var fits = Lengths.AreEqual(query[0], keys[0]) && Lengths.AreEqual(query[0], values[0])
            && heads.Value is > 0 && heads == values[1] && Lengths.AreEqualIfTheyFit(length, values[2])
            && keys[3].Value is > 0 && values[3].Value is > 0;
        // What repeats heads has been undone on both sides or on none: the products were made of equally many.
        var isRepeated = key != formula.Key;
        return fits && (isRepeated || heads == query[1]) ? new KeyValues(formula.Root, key, value, formula.KeyIsRows) : null;
    }

    /// <summary>Keys and values, without past ones, with their heads side by side.</summary>
    public (Value Key, Value Value) Joined(JoinedHeads rows, Node before) =>
        (_keyIsRows ? HeadLayout.JoinRows(_key, before) : rows.Join(NewKey, before), rows.Join(NewValue, before));

    /// <summary>Lets the operator hand on the keys and values that it joined to the past ones.</summary>
    public void HandOn(Node attention)
    {
        Replace(_joins!.Value.Key, attention.Output(1));
        Replace(_joins!.Value.Value, attention.Output(2));
    }

    private static void Replace(Node join, Value present)
    {
        var joined = join.Output();
        present.Name = joined.Name;
        if (joined.Type is { } type)
            present.Infer(type);
        joined.ReplaceAllUsesWith(present);
    }

    /// <summary>The Concats of past and new along the keys' axis, when all other readers of what they join come at the end.</summary>
    private (Node, Node)? Joins() => IsJoin(_key.Producer) && IsJoin(_value.Producer) && IsReadAtTheEnd(_key) && IsReadAtTheEnd(_value)
        ? (_key.Producer!, _value.Producer!)
        : null;

    private bool IsJoin(Node? node) =>
        node?.Is("Concat") == true && node.Graph == _root.Graph && node.Inputs is [{ Type.Shape.Rank: 4 }, { Type.Shape.Rank: 4 }]
        && node.Attributes.GetInt("axis", 0) is 2 or -2;

    private static bool IsReadAtTheEnd(Value joined) => joined.Uses.Count(use => !use.User.IsReturn || use.User.Graph != joined.Graph) == 1;

    /// <summary>
    /// What Unsqueeze, Expand and Reshape repeated, each head in turn: <c>[B, N, T, H]</c> → <c>[B, N, 1, T, H]</c> → <c>[B, N, R, T, H]</c> →
    /// <c>[B, N · R, T, H]</c>; null when it is not that.
    /// </summary>
    private static Value? RepeatedHeads(Value value)
    {
        if (value.Producer is not { } reshape || !reshape.Is("Reshape") || reshape.Input(0)?.Producer is not { } expand || !expand.Is("Expand")
            || expand.Input(0)?.Producer is not { } spread || !spread.Is("Unsqueeze", "Reshape") || spread.Input(0) is not { } once)
            return null;
        var (all, repeated, apart, original) = (value.Type?.Shape, expand.Output().Type?.Shape, spread.Output().Type?.Shape, once.Type?.Shape);
        if (original is not { Rank: 4 } || apart is not { Rank: 5 } || repeated is not { Rank: 5 } || all is not { Rank: 4 })
            return null;
        var fits = apart[2].Value == 1 && Same(original, 0, apart, 0) && Same(original, 1, apart, 1) && Same(original, 2, apart, 3) && Same(original, 3, apart, 4)
            && Same(apart, 0, repeated, 0) && Same(apart, 1, repeated, 1) && Same(apart, 3, repeated, 3) && Same(apart, 4, repeated, 4)
            && Same(repeated, 0, all, 0) && Same(repeated, 3, all, 2) && Same(repeated, 4, all, 3)
            && original[1].Value is { } heads && repeated[2].Value is { } times && all[1].Value == heads * times;
        return fits ? once : null;
    }

    private static bool Same(Shape left, int leftAxis, Shape right, int rightAxis) => Lengths.AreEqual(left[leftAxis], right[rightAxis]);
}
