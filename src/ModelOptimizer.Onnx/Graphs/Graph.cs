using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// Nodes in execution order with their signature and initializers: the main graph, a body, or a function's definition.
/// All changes go through the few verbs here and on <see cref="Node"/> and <see cref="Value"/>, which keep both ends of every edge true.
/// </summary>
public sealed partial class Graph
{
    private readonly List<Value> _inputs = [];
    private readonly List<Value> _initializers = [];
    private readonly List<GraphOutput> _outputs = [];

    internal Graph(GraphProto proto, Node? owner)
    {
        Proto = proto;
        Owner = owner;
        Nodes = new NodeList(this);
        Return = new Node(new NodeProto()) { IsReturn = true, Graph = this };
    }

    /// <summary>What is not structure: name, documentation, metadata, annotations, unknown fields.</summary>
    internal GraphProto Proto { get; }

    /// <summary>The declarations of intermediate values in the order read, so that a model comes back as it was.</summary>
    internal List<(Value? Value, ValueInfoProto Info)> Declarations { get; } = [];

    /// <summary>The intermediate values that the file declares and that are still there.</summary>
    public IEnumerable<Value> DeclaredValues => Declarations.Where(declaration => declaration.Value is { } value
        && (value.Initializer is not null || value.Producer?.Graph == this)).Select(declaration => declaration.Value!);

    public string Name => Proto.Name;

    /// <summary>The node that carries this body; null for the main graph and functions.</summary>
    public Node? Owner { get; }

    /// <summary>The graph around this body, whose values it may read.</summary>
    public Graph? Outer => Owner?.Graph;

    public NodeList Nodes { get; }

    public IReadOnlyList<Value> Inputs => _inputs;

    public IReadOnlyList<Value> Initializers => _initializers;

    public IReadOnlyList<GraphOutput> Outputs => _outputs;

    /// <summary>The values that the graph itself makes: initializers, then what its nodes put out.</summary>
    public IEnumerable<Value> MadeValues => _initializers.Concat(Nodes.SelectMany(node => node.Outputs).OfType<Value>());

    /// <summary>The unserialised node that reads the outputs: being an output is just being used.</summary>
    internal Node Return { get; }

    /// <summary>True for the definition of a model-local function, which can hold no initializers.</summary>
    public bool IsFunction { get; internal init; }

    /// <summary>Whether a caller may feed another value for an initializer that is also an input: from IR 4 on.</summary>
    internal bool InitializersMayBeFed { get; set; } = true;

    /// <summary>How often this graph, or a body inside, was changed by one of the verbs; meant for the main graph and functions.</summary>
    internal long ChangeCount { get; private set; }

    /// <summary>Counts a change where it shows: at the outermost graph.</summary>
    internal void Touch()
    {
        var root = this;
        while (root.Outer is { } outer)
            root = outer;
        root.ChangeCount++;
    }

    /// <summary>Adds an input to the signature; the name is kept as it is.</summary>
    public Value AddInput(string name, TensorType type)
    {
        var value = new Value(this, name) { Info = new ValueInfoProto { Name = name, Type = ProtoTypes.ToProto(type) } };
        AddInput(value);
        return value;
    }

    /// <summary>Adds an output to the signature; the name is kept as it is.</summary>
    /// <param name="type">Its declared type; null leaves it to the runtime's inference.</param>
    public GraphOutput AddOutput(string name, Value value, TensorType? type = null)
    {
        AddOutput(new ValueInfoProto { Name = name, Type = type is null ? null : ProtoTypes.ToProto(type) }, value);
        return _outputs[^1];
    }

    /// <summary>Adds a constant in the form that this graph can hold: an initializer, or a Constant node that stands first in a function.</summary>
    /// <param name="name">A hint.</param>
    public Value AddConstant(string name, Tensor tensor)
    {
        if (!IsFunction)
            return AddInitializer(name, tensor);
        var node = InsertFirst("Constant", []);
        node.Attributes.Set("value", tensor);
        node.Output().Name = name;
        return node.Output();
    }

    /// <summary>Adds an initializer; <paramref name="name"/> is a hint.</summary>
    /// <exception cref="InvalidOperationException">This is a function: use <see cref="AddConstant"/>.</exception>
    public Value AddInitializer(string name, Tensor tensor)
    {
        if (IsFunction)
            throw new InvalidOperationException($"Function {Name} can't hold initializers");
        var value = new Value(this, name) { Initializer = tensor };
        AddInitializer(value);
        return value;
    }

    /// <summary>Takes an unused initializer away.</summary>
    /// <exception cref="InvalidOperationException">It is still read, or can be fed from outside.</exception>
    public void RemoveInitializer(Value value)
    {
        if (value.Uses.Count > 0 || value.Constant is null)
            throw new InvalidOperationException($"Initializer {value} is still in use");
        // A sweep over thousands of initializers for each of them would take longer than all else.
        if (_initializers.Remove(value) | _inputs.Remove(value))
            Touch();
    }

    /// <summary>Takes all the given unused initializers away in one sweep.</summary>
    /// <exception cref="InvalidOperationException">One is still read, or can be fed from outside.</exception>
    public void RemoveInitializers(IReadOnlySet<Value> values)
    {
        if (values.FirstOrDefault(value => value.Uses.Count > 0 || value.Constant is null) is { } used)
            throw new InvalidOperationException($"Initializer {used} is still in use");
        if (_initializers.RemoveAll(values.Contains) + _inputs.RemoveAll(values.Contains) > 0)
            Touch();
    }

    /// <summary>Ends a caller's freedom to feed this initializer: it is no input any more.</summary>
    public void FreezeInput(Value initializer)
    {
        if (initializer.Initializer is null || !_inputs.Remove(initializer))
            throw new InvalidOperationException($"{initializer} is no input with a default");
        initializer.IsGraphInput = false;
        Touch();
    }

    /// <summary>Takes an unused input away from a body, whose node stops feeding it at the same time.</summary>
    /// <exception cref="InvalidOperationException">It is still read, or belongs to a signature that callers know.</exception>
    public void RemoveInput(Value input)
    {
        if (Owner is null || input.Uses.Count > 0 || !_inputs.Remove(input))
            throw new InvalidOperationException($"{input} is no unused input of a body");
        Touch();
    }

    /// <summary>Takes an output away from a body, whose node stops handing it out at the same time.</summary>
    /// <exception cref="InvalidOperationException">It belongs to a signature that callers know.</exception>
    public void RemoveOutput(int index)
    {
        if (Owner is null)
            throw new InvalidOperationException($"Output {_outputs[index].Name} belongs to the signature of {Name}");
        Return.RemoveInput(index);
        _outputs.RemoveAt(index);
        for (var i = index; i < _outputs.Count; i++)
            _outputs[i].Index = i;
    }

    /// <summary>
    /// Makes a node with fresh outputs, before <paramref name="before"/> or last when that is null.
    /// </summary>
    /// <param name="before">A node of this graph that comes after everything in <paramref name="inputs"/>.</param>
    /// <param name="opType">The operator.</param>
    /// <param name="inputs">The values it reads; null for an optional input left out.</param>
    /// <param name="outputs">How many outputs it has.</param>
    /// <param name="domain">The operator's domain; "" for the standard one.</param>
    /// <param name="name">A hint for the node's name and, with a suffix, those of its outputs.</param>
    public Node Insert(Node? before, string opType, ReadOnlySpan<Value?> inputs, int outputs = 1, string domain = "", string name = "")
    {
        if (before is not null && before.Graph != this)
            throw new ArgumentException($"{before} is not in this graph", nameof(before));
        var node = new Node(new NodeProto { OpType = opType, Domain = domain, Name = name });
        Nodes.Link(node, before);
        for (var i = 0; i < inputs.Length; i++)
            node.SetInput(i, inputs[i]);
        for (var i = 0; i < outputs; i++)
            node.AddOutput(new Value(this, name.Length == 0 ? "" : i == 0 ? $"{name}_output" : $"{name}_output_{i}"));
        return node;
    }

    /// <summary>Makes a node like another, of this or another model, over other inputs. Bodies are not copied.</summary>
    public Node InsertCopy(Node? before, Node source, ReadOnlySpan<Value?> inputs)
    {
        var node = new Node(source.Proto.Clone());
        Nodes.Link(node, before);
        for (var i = 0; i < inputs.Length; i++)
            node.SetInput(i, inputs[i]);
        foreach (var output in source.Outputs)
            node.AddOutput(output is null ? null : new Value(this, output.Name));
        return node;
    }

    /// <summary>Makes a node that stands first, for operators that read constants and inputs only.</summary>
    public Node InsertFirst(string opType, ReadOnlySpan<Value?> inputs, int outputs = 1, string domain = "", string name = "") =>
        Insert(Nodes.First, opType, inputs, outputs, domain, name);

    /// <summary>Makes a copy of a node, see <see cref="InsertCopy"/>, right behind another one of this graph.</summary>
    public Node InsertCopyAfter(Node after, Node source, ReadOnlySpan<Value?> inputs) => InsertCopy(after.Next, source, inputs);

    /// <summary>Makes a node right behind another of this graph.</summary>
    public Node InsertAfter(Node after, string opType, ReadOnlySpan<Value?> inputs, int outputs = 1, string domain = "", string name = "") =>
        Insert(after.Next, opType, inputs, outputs, domain, name);

    internal void AddInput(Value value)
    {
        value.IsGraphInput = true;
        _inputs.Add(value);
        Touch();
    }

    internal void AddInitializer(Value value)
    {
        _initializers.Add(value);
        Touch();
    }

    internal void AddOutput(ValueInfoProto info, Value value)
    {
        _outputs.Add(new GraphOutput(this, _outputs.Count, info));
        Return.SetInput(_outputs.Count - 1, value);
    }

    /// <summary>Lets go of everything that this body reads, itself included, before its node disappears.</summary>
    internal void ReleaseUses()
    {
        foreach (var node in Nodes)
            node.ReleaseUses();
        Return.ReleaseUses();
    }
}
