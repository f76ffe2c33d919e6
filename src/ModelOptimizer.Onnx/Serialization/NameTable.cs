namespace ModelOptimizer.Onnx;

/// <summary>
/// Decides the names of a graph and its bodies at save. The signature's names are pinned; others keep their hint when
/// it is free in this graph and those around it.
/// </summary>
internal sealed class NameTable
{
    private readonly Dictionary<Value, string> _names = [];
    private readonly Dictionary<Graph, HashSet<string>> _taken = [];
    private readonly Dictionary<string, int> _counters = [];

    public static NameTable For(Graph root)
    {
        var table = new NameTable();
        foreach (var graph in GraphWalker.Graphs(root))
            table.Name(graph);
        return table;
    }

    public string this[Value value] => _names[value];

    public bool Contains(Value value) => _names.ContainsKey(value);

    /// <summary>True when the value could not be given the output's own name, so that an Identity must carry it there.</summary>
    public bool NeedsIdentity(GraphOutput output) => _names[output.Value] != output.Name;

    /// <summary>True when a value of this very graph has the name.</summary>
    public bool IsTaken(Graph graph, string name) => _taken[graph].Contains(name);

    private bool IsFree(Graph graph, string name)
    {
        for (var scope = graph; scope is not null; scope = scope.Outer)
            if (_taken[scope].Contains(name))
                return false;
        return true;
    }

    private void Name(Graph graph)
    {
        var taken = _taken[graph] = [];
        foreach (var input in graph.Inputs)
            Pin(taken, input, input.Name);
        foreach (var output in graph.Outputs)
            PinOutput(graph, taken, output);
        foreach (var value in graph.MadeValues)
            if (value.ShadowedBy is null && !_names.ContainsKey(value))
                Pin(taken, value, Unique(graph, value));
        foreach (var shadowed in graph.MadeValues.Where(value => value.ShadowedBy is not null))
            Pin(taken, shadowed, StillShadowed(shadowed) ? shadowed.Name : Unique(graph, shadowed));
    }

    private bool StillShadowed(Value value) =>
        value.ShadowedBy is { Constant: not null } by && _names.GetValueOrDefault(by) == value.Name;

    private void PinOutput(Graph graph, HashSet<string> taken, GraphOutput output)
    {
        taken.Add(output.Name);
        if (output.Value.Graph == graph)
            _names.TryAdd(output.Value, output.Name);
    }

    private void Pin(HashSet<string> taken, Value value, string name)
    {
        taken.Add(name);
        _names[value] = name;
    }

    private string Unique(Graph graph, Value value)
    {
        var hint = value.Name.Length > 0 ? value.Name : $"{value.Producer?.OpType ?? "constant"}_output";
        var name = hint;
        while (!IsFree(graph, name))
            name = $"{hint}_{_counters[hint] = _counters.GetValueOrDefault(hint) + 1}";
        return name;
    }
}
