using Google.Protobuf.Collections;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>An ONNX model in memory: the graph as objects, everything else as it was read.</summary>
public sealed class OnnxModel
{
    internal OnnxModel(ModelProto proto, string? path)
    {
        Proto = proto;
        Path = path;
    }

    /// <summary>The model's message without graph and functions.</summary>
    internal ModelProto Proto { get; }

    internal List<Function> FunctionList { get; } = [];

    /// <summary>
    /// Grows with every change that one of the verbs makes, anywhere in the model: nodes, edges, attributes, constants, signature, imports.
    /// As long as it stays, so does the model. Names and what is inferred about types don't count.
    /// </summary>
    public long ChangeCount => _changes + Graph.ChangeCount + FunctionList.Sum(function => function.Body.ChangeCount);

    private long _changes;

    /// <summary>Holds the large tensors that passes make, for this model and its copies.</summary>
    internal ScratchSpace Scratch { get; set; } = new();

    /// <summary>The file it was read from; null when it came from memory.</summary>
    public string? Path { get; }

    /// <summary>Full paths of the files in the model's folder that hold its external data.</summary>
    public IReadOnlyList<string> ExternalFiles { get; internal set; } = [];

    /// <summary>True when the model was read with external data, which is then how it is saved again.</summary>
    public bool HasExternalData => ExternalFiles.Count > 0;

    public Graph Graph { get; internal set; } = null!;

    /// <summary>Model-local functions.</summary>
    public IReadOnlyList<Function> Functions => FunctionList;

    public long IrVersion => Proto.IrVersion;

    /// <summary>What the file's features asked for, which may be more than it declared.</summary>
    internal long IrVersionNeededAsRead { get; set; }

    public string ProducerName => Proto.ProducerName;

    public string ProducerVersion => Proto.ProducerVersion;

    /// <summary>Versions by domain; "" is the standard one.</summary>
    public IReadOnlyDictionary<string, long> OpsetImports => Opsets.ToDictionary(Proto.OpsetImport);

    /// <summary>Version of the standard operators; 1 for ancient models that don't say.</summary>
    public long Opset => OpsetImports.GetValueOrDefault("", 1);

    /// <summary>The version of the standard operators that the graph's nodes are read by: a function's own, else the model's.</summary>
    public long OpsetOf(Graph graph) => FunctionOf(graph)?.OpsetImports.GetValueOrDefault("", Opset) ?? Opset;

    /// <summary>The oldest version of the standard operators that nodes are read by: functions may import an older one than the model.</summary>
    public long OldestOpset => FunctionList.Select(function => OpsetOf(function.Body)).Append(Opset).Min();

    /// <summary>The versions by domain that the graph's nodes are read by: a function's own, else the model's.</summary>
    public IReadOnlyDictionary<string, long> OpsetImportsOf(Graph graph) => FunctionOf(graph)?.OpsetImports ?? OpsetImports;

    /// <summary>Free-form metadata of the model.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata => [.. Proto.MetadataProps.Select(p => KeyValuePair.Create(p.Key, p.Value))];

    /// <summary>Declares a non-standard domain when it is not declared yet.</summary>
    public void ImportDomain(string domain, long version)
    {
        if (!OpsetImports.ContainsKey(domain))
            Import(Proto.OpsetImport, domain, version);
    }

    /// <summary>Declares a newer version of the standard operators wherever an older one is declared: the nodes must have been converted.</summary>
    public void RaiseOpset(long version)
    {
        RequireIrVersion(OpsetImportsSince);
        if (!OpsetImports.ContainsKey(""))
            Import(Proto.OpsetImport, "", version);
        foreach (var import in FunctionList.SelectMany(function => function.Proto.OpsetImport).Concat(Proto.OpsetImport))
            if (import.Domain is "" or "ai.onnx" && import.Version < version)
            {
                import.Version = version;
                _changes++;
            }
    }

    /// <summary>The IR version that brought imports; before, every model was of opset 1.</summary>
    private const long OpsetImportsSince = 3;

    /// <summary>IR 4 told inputs with a default from plain initializers; before, the list of inputs held both.</summary>
    internal bool InitializersMayBeFed => IrVersion >= 4;

    /// <summary>Declares a non-standard domain for a graph's nodes: for the model, and for the function that the graph belongs to.</summary>
    public void ImportDomain(Graph graph, string domain, long version)
    {
        ImportDomain(domain, version);
        if (FunctionOf(graph) is { } function && !function.OpsetImports.ContainsKey(domain))
            Import(function.Proto.OpsetImport, domain, version);
    }

    private void Import(RepeatedField<OperatorSetIdProto> imports, string domain, long version)
    {
        imports.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        _changes++;
    }

    /// <summary>Takes the import of an unused domain away, of the model and of its functions.</summary>
    public void RemoveImport(string domain)
    {
        foreach (var imports in FunctionList.Select(function => function.Proto.OpsetImport).Prepend(Proto.OpsetImport))
            foreach (var import in imports.Where(import => import.Domain == domain).ToList())
            {
                imports.Remove(import);
                _changes++;
            }
    }

    /// <summary>Takes the definition of a function away that nothing calls any more.</summary>
    public void RemoveFunction(Function function)
    {
        if (FunctionList.Remove(function))
            _changes += function.Body.ChangeCount + 1;
    }

    /// <summary>
    /// Puts another model's graph and functions in the place of its own, which it takes over. The signature's declarations, metadata and
    /// versions stay; domains that the other's nodes use are imported.
    /// </summary>
    /// <param name="other">A model with the same signature, which must not be used afterwards.</param>
    public void TakeOver(OnnxModel other)
    {
        var inputs = Graph.Inputs.ToDictionary(input => input.Name);
        foreach (var taken in other.Graph.Inputs)
            taken.Info = inputs.GetValueOrDefault(taken.Name)?.Info ?? taken.Info;
        foreach (var (taken, kept) in other.Graph.Outputs.Zip(Graph.Outputs))
            taken.Type = kept.Type ?? taken.Type;
        other.Graph.InitializersMayBeFed = InitializersMayBeFed;
        // The other's graphs have counts of their own, which may be lower.
        _changes = ChangeCount + 1;
        Graph = other.Graph;
        FunctionList.Clear();
        FunctionList.AddRange(other.FunctionList);
        var used = GraphWalker.Nodes(this).Select(node => node.Domain).ToHashSet();
        foreach (var (domain, version) in other.OpsetImports.Where(import => used.Contains(import.Key)))
            ImportDomain(domain, version);
    }

    /// <summary>Raises the IR version to what a newly used feature needs; never lowers it.</summary>
    public void RequireIrVersion(long version)
    {
        if (version <= IrVersion)
            return;
        Proto.IrVersion = version;
        _changes++;
        // What was a constant must stay one: from IR 4 on its place among the inputs would let callers feed it.
        if (InitializersMayBeFed && !Graph.InitializersMayBeFed)
            foreach (var constant in Graph.Inputs.Where(input => input.Initializer is not null).ToList())
                Graph.FreezeInput(constant);
        Graph.InitializersMayBeFed = InitializersMayBeFed;
    }

    /// <summary>An empty model, to be filled with what is to be evaluated.</summary>
    /// <param name="irVersion">The version of the format.</param>
    /// <param name="opsets">Versions of the operators by domain; "" is the standard one.</param>
    /// <param name="path">The model beside which the external data of its tensors lies.</param>
    public static OnnxModel Create(long irVersion, IReadOnlyDictionary<string, long> opsets, string? path = null)
    {
        var proto = new ModelProto { IrVersion = irVersion };
        proto.OpsetImport.AddRange(opsets.Select(opset => new OperatorSetIdProto { Domain = opset.Key, Version = opset.Value }));
        var graph = new Graph(new GraphProto { Name = "graph" }, owner: null) { InitializersMayBeFed = irVersion >= 4 };
        return new OnnxModel(proto, path) { Graph = graph };
    }

    /// <summary>Reads a model file; external data is mapped, not read.</summary>
    /// <exception cref="InvalidModelException">The file is missing or not a valid model; the message says why.</exception>
    public static OnnxModel Load(string path) => ModelReader.Load(path);

    /// <summary>Reads a model from memory.</summary>
    /// <param name="bytes">The model's message.</param>
    /// <param name="folder">Where its external data lies; null when it may have none.</param>
    public static OnnxModel Parse(ReadOnlySpan<byte> bytes, string? folder = null) => ModelReader.Parse(bytes, folder);

    /// <summary>A deep copy that shares the tensors.</summary>
    public OnnxModel Clone() => GraphCloner.Clone(this, out _);

    /// <summary>A deep copy that shares the tensors.</summary>
    /// <param name="copies">For every value of this model, bodies and functions included, the one that stands for it in the copy.</param>
    public OnnxModel Clone(out IReadOnlyDictionary<Value, Value?> copies) => GraphCloner.Clone(this, out copies);

    /// <summary>A model of its own of some nodes of the main graph, which shares the tensors. Nothing is an output yet.</summary>
    /// <param name="nodes">The nodes in order of execution.</param>
    /// <param name="reads">What they read and neither make nor find constant: the inputs of the new model, in order.</param>
    /// <param name="copies">For every value of the nodes the one that stands for it.</param>
    /// <param name="isFed">Which constants become inputs, too; null for none.</param>
    public OnnxModel Extract(IEnumerable<Node> nodes, out IReadOnlyList<Value> reads, out IReadOnlyDictionary<Value, Value?> copies,
        Predicate<Value>? isFed = null) => GraphCloner.Extract(this, nodes, isFed ?? (_ => false), out reads, out copies);

    /// <summary>
    /// Puts the bytes of a tensor that was made into a scratch file when many have been made already, so that models may be larger than memory.
    /// </summary>
    /// <returns>The same tensor, or another one with the same content.</returns>
    public Tensor PutAside(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Scratch.Keep(tensor);
    }

    /// <summary>Puts the bytes of a tensor that lies in a model's message, at an odd place, where native code can read them.</summary>
    /// <returns>The same tensor, or another one with the same content, which is the same one each time.</returns>
    public Tensor Straighten(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return Scratch.Straighten(tensor);
    }

    /// <summary>
    /// Why tensors stay in memory that should have been put aside, in words, with the folders tried and the bytes; null as long as none had to.
    /// What is saved does not depend on it.
    /// </summary>
    public string? ScratchProblem => Scratch.Problem;

    private Function? FunctionOf(Graph graph)
    {
        while (graph.Outer is { } outer)
            graph = outer;
        return graph.IsFunction ? FunctionList.Find(function => function.Body == graph) : null;
    }

    public override string ToString() => $"{Graph.Name} (opset {Opset}, {Graph.Nodes.Count} nodes)";
}
