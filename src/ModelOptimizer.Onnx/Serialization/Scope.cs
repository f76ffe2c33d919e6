namespace ModelOptimizer.Onnx;

/// <summary>The names that a graph being read may use: its own, then those of the graphs around it.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, Value> _values = [];

    /// <summary>Declares a value here; false when the name is taken in this very graph.</summary>
    public bool TryDeclare(Value value) => _values.TryAdd(value.Name, value);

    /// <summary>Lets a later constant take the name of an earlier one, as the runtime does; false when either is no constant.</summary>
    public bool TryShadow(Value value)
    {
        var earlier = _values[value.Name];
        if (earlier.Constant is null || value.Constant is null)
            return false;
        earlier.ShadowedBy = value;
        _values[value.Name] = value;
        return true;
    }

    public Value? FindHere(string name) => _values.GetValueOrDefault(name);

    public Value? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
            if (scope._values.TryGetValue(name, out var value))
                return value;
        return null;
    }

    private Scope? Outer { get; } = outer;
}
