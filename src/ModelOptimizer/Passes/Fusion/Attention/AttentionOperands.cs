using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lays out what Attention reads and writes: everything side by side where query, keys and values were taken apart from rows; everything apart
/// where they were not, which pays only where heads are repeated.
/// </summary>
internal sealed class AttentionOperands
{
    private readonly AttentionFormula _formula;
    private readonly AttentionMask _mask;
    private readonly Node _before;
    private readonly (long Heads, long Size)? _query;
    private readonly KeyValues? _keys;
    private readonly JoinedHeads? _rows;
    private Node? _attention;

    public AttentionOperands(AttentionFormula formula)
    {
        (_formula, _before, _mask) = (formula, formula.Root, new AttentionMask(formula));
        var shape = formula.Query.Type!.Shape!;
        _query = shape[1].Value is > 0 and var heads && shape[3].Value is > 0 and var size ? (heads, size) : null;
        _keys = KeyValues.Of(formula);
        _rows = _keys is null ? null : new JoinedHeads([formula.Query, .. _keys.NewApart]);
        Misfit = FindMisfit();
    }

    /// <summary>Why the operator can't take these; null when it can.</summary>
    public string? Misfit { get; }

    private bool AreRows => _rows!.Misfit is null;

    /// <summary>With past keys and values the runtime insists on handing on the joined ones.</summary>
    public int Outputs => Past is null ? 1 : 3;

    private (Value Key, Value Value)? Past => AreRows ? _keys!.Past : null;

    public Value?[] Inputs()
    {
        var query = AreRows ? _rows!.Join(_formula.Query, _before) : _formula.Query;
        var (key, value) = AreRows ? _keys!.Joined(_rows!, _before) : _keys!.Apart;
        Value?[] inputs = [query, key, value, _mask.Make(_before), .. Past is var (pastKey, pastValue) ? new[] { pastKey, pastValue } : []];
        return inputs is [.., null] ? inputs[..^1] : inputs;
    }

    public void Complete(Node attention)
    {
        _attention = attention;
        attention.Attributes.Set("scale", (float)_formula.Scale);
        if (!AreRows)
            return;
        attention.Attributes.Set("q_num_heads", _query!.Value.Heads);
        attention.Attributes.Set("kv_num_heads", _keys!.Heads);
    }

    /// <summary>What stands for the formula's result.</summary>
    public Value Result(Value output)
    {
        if (Past is not null)
            _keys!.HandOn(_attention!);
        return AreRows == _formula.IsWithRows ? output : HeadLayout.Split(output, _query!.Value.Heads, _keys!.ValueSize, _before);
    }

    private string? FindMisfit()
    {
        if (_query is null || _keys is null)
            return "query, keys and values are not known to have the same batch and fixed numbers and sizes of heads";
        if (_query.Value.Heads % _keys.Heads != 0 || (_query.Value.Size != _keys.Size))
            return "its heads are not known to fit each other";
        if (_mask.Misfit is { } misfit)
            return misfit;
        if (_rows!.Misfit is { } apart && _keys.Heads == _query.Value.Heads)
            return apart;
        return _formula.IsWithRows && !(AreRows && EndsInRows()) ? "its result is not known to be the heads side by side" : null;
    }

    private bool EndsInRows() =>
        _formula.Root.Output().Type?.Shape is { Rank: 3 } rows
        && Lengths.AreEqual(rows[0], _formula.Query.Type!.Shape![0])
        && Lengths.AreEqualIfTheyFit(rows[1], _formula.Query.Type.Shape[2])
        && rows[2].Value == _query!.Value.Heads * _keys!.ValueSize;
}
