using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>One operator call. Edges are objects; attributes, metadata and unknown fields ride along in the message.</summary>
public sealed class Node
{
    private readonly List<Use> _inputs = [];
    private readonly List<Value?> _outputs = [];

    internal Node(NodeProto proto) => Proto = proto;

    /// <summary>The node's message with inputs and outputs emptied.</summary>
    internal NodeProto Proto { get; }

    internal Node? Previous { get; set; }

    internal Node? Next { get; set; }

    /// <summary>The graph it stands in; null once removed.</summary>
    public Graph? Graph { get; internal set; }

    public string OpType => Proto.OpType;

    /// <summary>The operator's domain; "" for the standard one (also written <c>ai.onnx</c>).</summary>
    public string Domain => Opsets.Canonical(Proto.Domain);

    /// <summary>Which overload of a model-local function is called; "" for none.</summary>
    public string Overload => Proto.Overload;

    public string Name
    {
        get => Proto.Name;
        set => Proto.Name = value;
    }

    /// <summary>True for the unserialised node that reads the graph's outputs.</summary>
    public bool IsReturn { get; internal init; }

    /// <summary>The values read, in order; null where an optional input is left out.</summary>
    public IReadOnlyList<Value?> Inputs => new InputView(_inputs);

    /// <summary>The values made, in order; null where an optional output is left out.</summary>
    public IReadOnlyList<Value?> Outputs => _outputs;

    public NodeAttributes Attributes => field ??= new NodeAttributes(this);

    /// <summary>The graphs that it carries as attributes: branches of If, bodies of Loop and Scan.</summary>
    public IReadOnlyList<NodeBody> Bodies => BodyList;

    internal List<NodeBody> BodyList { get; } = [];

    /// <summary>The tensor of a Constant node, else null.</summary>
    public Tensor? ConstantOutput => OpType == "Constant" && Domain.Length == 0 ? _constant ??= ConstantNode.Read(Attributes) : null;

    private Tensor? _constant;

    /// <summary>True when this is an operator of the standard domain with one of the given names.</summary>
    public bool Is(params ReadOnlySpan<string> opTypes) => Domain.Length == 0 && opTypes.Contains(OpType);

    /// <summary>The input at <paramref name="index"/>, or null when left out.</summary>
    public Value? Input(int index) => index < _inputs.Count ? _inputs[index].Value : null;

    internal Use InputUse(int index) => _inputs[index];

    /// <summary>The output at <paramref name="index"/>.</summary>
    /// <exception cref="InvalidOperationException">The output is left out.</exception>
    public Value Output(int index = 0) =>
        (index < _outputs.Count ? _outputs[index] : null) ?? throw new InvalidOperationException($"{this} has no output {index}");

    /// <summary>Lets the slot read another value; slots up to <paramref name="index"/> come into being as needed.</summary>
    public void SetInput(int index, Value? value)
    {
        while (_inputs.Count <= index)
        {
            _inputs.Add(new Use(this, _inputs.Count));
            Graph?.Touch();
        }
        _inputs[index].Set(value);
    }

    /// <summary>Drops the inputs from <paramref name="count"/> on.</summary>
    public void TrimInputs(int count)
    {
        for (var i = _inputs.Count - 1; i >= count; i--)
            RemoveInput(i);
    }

    /// <summary>Takes an input slot away; those behind it move up.</summary>
    public void RemoveInput(int index)
    {
        _inputs[index].Set(null);
        _inputs.RemoveAt(index);
        Graph?.Touch();
        for (var i = index; i < _inputs.Count; i++)
            _inputs[i].Index = i;
    }

    /// <summary>Takes an unused output slot away; those behind it move up.</summary>
    /// <exception cref="InvalidOperationException">The output is still read.</exception>
    public void RemoveOutput(int index)
    {
        LeaveOut(index);
        _outputs.RemoveAt(index);
    }

    /// <summary>Leaves out an unused optional output; slots at the end that are left out disappear.</summary>
    /// <exception cref="InvalidOperationException">The output is still read.</exception>
    public void ClearOutput(int index)
    {
        LeaveOut(index);
        while (_outputs is [.., null])
            _outputs.RemoveAt(_outputs.Count - 1);
    }

    private void LeaveOut(int index)
    {
        if (_outputs[index] is { Uses.Count: > 0 } used)
            throw new InvalidOperationException($"Output {used} of {this} is still read");
        _outputs[index] = null;
        Graph?.Touch();
    }

    /// <summary>Gives a node whose bodies, or whose function, hand out one value more an output for it.</summary>
    public Value AppendOutput(string name)
    {
        AddOutput(new Value(Graph!, name));
        return _outputs[^1]!;
    }

    /// <summary>Lets every reader of the first output read <paramref name="value"/> instead and takes the node away.</summary>
    /// <exception cref="InvalidOperationException">Another output is still read.</exception>
    public void ReplaceWith(Value value)
    {
        Output().ReplaceAllUsesWith(value);
        Remove();
    }

    /// <summary>Takes the node out of its graph. Its outputs must have no uses left.</summary>
    /// <exception cref="InvalidOperationException">An output is still read.</exception>
    public void Remove()
    {
        if (_outputs.Find(output => output?.Uses.Count > 0) is { } used)
            throw new InvalidOperationException($"{this} can't be removed: {used} is still read by {used.Uses[0].User}");
        ReleaseInputs();
        Graph?.Nodes.Unlink(this);
    }

    internal void AddOutput(Value? value)
    {
        if (value is not null)
        {
            value.Producer = this;
        }
        _outputs.Add(value);
        Graph?.Touch();
    }

    private void ReleaseInputs()
    {
        foreach (var use in _inputs)
            use.Set(null);
        foreach (var body in BodyList)
            body.Graph.ReleaseUses();
    }

    internal void ReleaseUses() => ReleaseInputs();

    public override string ToString() =>
        IsReturn ? "return" : Name.Length > 0 ? $"{OpType} '{Name}'" : $"{OpType} -> '{_outputs.Find(o => o is not null)}'";

    private sealed class InputView(List<Use> uses) : IReadOnlyList<Value?>
    {
        public Value? this[int index] => uses[index].Value;

        public int Count => uses.Count;

        public IEnumerator<Value?> GetEnumerator() => uses.Select(use => use.Value).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

/// <summary>A graph inside a node.</summary>
/// <param name="Attribute">The attribute that holds it, e.g. <c>then_branch</c>.</param>
/// <param name="Index">The position in a list attribute; -1 for a single graph.</param>
/// <param name="Graph">The graph.</param>
public sealed record NodeBody(string Attribute, int Index, Graph Graph);
