namespace ModelOptimizer.Onnx;

/// <summary>
/// Decides the names of a graph and its bodies at save. The signature's names are pinned; others keep their hint when
/// it is free in this graph and those around it. Only a body's signature gives way: nobody reads its names, and a value that a pass
/// put outside may bear one of them.
/// </summary>
internal sealed class NameTable
{
    private readonly Dictionary<Value, string> _names = [];
    private readonly Dictionary<GraphOutput, string> _outputNames = [];

    /// <summary>Each graph's names with the values that bear them; null for an output that an Identity makes at the end.</summary>
    private readonly Dictionary<Graph, Dictionary<string, Value?>> _taken = [];
    private readonly Dictionary<string, int> _counters = [];

    public static NameTable For(Graph root)
    {
        var table = new NameTable();
        foreach (var graph in GraphWalker.Graphs(root))
            table.Name(graph);
        return table;
    }

    public string this[Value value] => _names[value];

    public string this[GraphOutput output] => _outputNames[output];

    public bool Contains(Value value) => _names.ContainsKey(value);

    /// <summary>True when the value could not be given the output's own name, so that an Identity must carry it there.</summary>
    public bool NeedsIdentity(GraphOutput output) => _names[output.Value] != this[output];

    /// <summary>True when a value of this very graph has the name.</summary>
    public bool IsTaken(Graph graph, string name) => _taken[graph].ContainsKey(name);

    private bool IsFree(Graph graph, string name)
    {
        for (var scope = graph; scope is not null; scope = scope.Outer)
            if (_taken[scope].ContainsKey(name))
                return false;
        return true;
    }

    private void Name(Graph graph)
    {
        var taken = _taken[graph] = [];
        foreach (var input in graph.Inputs)
            PinInput(graph, taken, input);
        foreach (var output in graph.Outputs)
            PinOutput(graph, taken, output);
        foreach (var value in graph.MadeValues)
            if (value.ShadowedBy is null && !_names.ContainsKey(value))
                Pin(taken, value, Unique(graph, HintOf(value)));
        foreach (var shadowed in graph.MadeValues.Where(value => value.ShadowedBy is not null))
            Pin(taken, shadowed, StillShadowed(shadowed) ? shadowed.Name : Unique(graph, HintOf(shadowed)));
    }

    private bool StillShadowed(Value value) =>
        value.ShadowedBy is { Constant: not null } by && _names.GetValueOrDefault(by) == value.Name;

    private void PinInput(Graph graph, Dictionary<string, Value?> taken, Value input)
    {
        var hides = Visible(graph, input.Name) is { } outside && IsReadInside(outside, graph);
        Pin(taken, input, hides ? Unique(graph, input.Name) : input.Name);
    }

    private void PinOutput(Graph graph, Dictionary<string, Value?> taken, GraphOutput output)
    {
        var isInput = output.Value.Graph == graph && _names.GetValueOrDefault(output.Value) == output.Name;
        var name = _outputNames[output] = isInput || Visible(graph, output.Name) is null ? output.Name : Unique(graph, output.Name);
        if (output.Value.Graph == graph && _names.TryAdd(output.Value, name))
            taken[name] = output.Value;
        else
            taken.TryAdd(name, null);
    }

    private void Pin(Dictionary<string, Value?> taken, Value value, string name)
    {
        taken[name] = value;
        _names[value] = name;
    }

    /// <summary>The value of an enclosing graph that a body sees, or may see, under this name; null when there is none.</summary>
    private Value? Visible(Graph body, string name)
    {
        for (; body.Owner is { Graph: { } outer } owner; body = outer)
            if (_taken[outer].GetValueOrDefault(name) is { } value && !(value.Producer is { } producer && WaitsFor(producer, owner)))
                return value;
        return null;
    }

    /// <summary>
    /// Whether a node can't be computed before another. The place in the list doesn't tell: runtimes order nodes anew, and what stands behind
    /// a body without waiting for it may be there already.
    /// </summary>
    private static bool WaitsFor(Node node, Node other)
    {
        var (seen, open) = (new HashSet<Node> { node }, new Stack<Node>([node]));
        while (open.TryPop(out var next))
        {
            if (next == other)
                return true;
            foreach (var needed in TopologicalOrder.Predecessors(next).Where(seen.Add))
                open.Push(needed);
        }
        return false;
    }

    private static bool IsReadInside(Value value, Graph body) => value.Uses.Any(use => GraphWalker.IsInside(use.User.Graph!, body));

    private static string HintOf(Value value) => value.Name.Length > 0 ? value.Name : $"{value.Producer?.OpType ?? "constant"}_output";

    private string Unique(Graph graph, string hint)
    {
        var name = hint;
        while (!IsFree(graph, name))
            name = $"{hint}_{_counters[hint] = _counters.GetValueOrDefault(hint) + 1}";
        return name;
    }
}
