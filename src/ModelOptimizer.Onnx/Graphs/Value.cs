using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// An edge of the graph: made once (by a node, an initializer or the graph's signature), read by any number of uses,
/// also from bodies inside.
/// </summary>
public sealed class Value
{
    private readonly List<Use> _uses = [];
    private int _graphOutputs;
    private TensorType? _type;
    private bool _isInferred;

    internal Value(Graph graph, string name)
    {
        Graph = graph;
        Name = name;
    }

    /// <summary>The graph that declares it.</summary>
    public Graph Graph { get; internal set; }

    /// <summary>A hint: the writer keeps it when it is free, and makes it unique otherwise.</summary>
    public string Name { get; set; }

    /// <summary>The node whose output this is; null for graph inputs and initializers.</summary>
    public Node? Producer { get; internal set; }

    public bool IsGraphInput { get; internal set; }

    /// <summary>The constant content of an initializer; null for others.</summary>
    public Tensor? Initializer { get; internal set; }

    /// <summary>
    /// The later constant that took this one's name. Old exporters make such pairs; the runtime reads the last one, so nothing reads this.
    /// </summary>
    internal Value? ShadowedBy { get; set; }

    /// <summary>True for a constant whose name a later one took.</summary>
    public bool IsShadowed => ShadowedBy is not null;

    /// <summary>A mark that the verifier leaves on what exists at the place where it stands; a set of all values would take ten times as long.</summary>
    internal object? VisibleTo { get; set; }

    /// <summary>The slots that read this value, in no particular but a reproducible order.</summary>
    public IReadOnlyList<Use> Uses => _uses;

    public bool IsGraphOutput => _graphOutputs > 0;

    /// <summary>What the model declares, an initializer holds or inference found; null when unknown or not a tensor.</summary>
    public TensorType? Type
    {
        get => _isInferred ? _type : _type ??= (Initializer ?? Producer?.ConstantOutput)?.Type ?? ProtoTypes.ToTensorType(Info?.Type);
        set
        {
            // What was read may say more than we model (denotations): it stays unless it is no longer true.
            if (value == Type)
                return;
            _type = value;
            _isInferred = false;
            if (Info is null || value is null)
                return;
            Info.Type = ProtoTypes.ToProto(value);
            Graph.Touch();
        }
    }

    /// <summary>Adds what was found out about the type to what is known. It informs passes and is not written to the file.</summary>
    public void Refine(TensorType found) => _type = Type is { } known ? known.RefinedBy(found) : found;

    /// <summary>Replaces what is known about the type by what was inferred. It informs passes and is not written to the file.</summary>
    /// <param name="type">Null when nothing can be inferred: then nothing is known, whatever was before.</param>
    public void Infer(TensorType? type)
    {
        _isInferred = true;
        if (_type != type)
            _type = type;
    }

    /// <summary>Takes over what is known about another's type, and how it came to be known.</summary>
    internal void InferLike(Value other) => (_type, _isInferred) = (other._type, other._isInferred);

    /// <summary>Corrects the declaration that the file has of it, if there is one.</summary>
    public void Declare(TensorType type)
    {
        if (Info is null || Declared == type)
            return;
        Info.Type = ProtoTypes.ToProto(type);
        Graph.Touch();
    }

    /// <summary>What the file declares, true or not; null when it says nothing, or the value is no tensor.</summary>
    public TensorType? Declared => ProtoTypes.ToTensorType(Info?.Type);

    /// <summary>The declaration as read, with documentation, denotations and what else rides along.</summary>
    internal ValueInfoProto? Info { get; set; }

    /// <summary>
    /// The tensor that every run of the model sees here: of an initializer that no caller can override, or of a Constant node.
    /// </summary>
    public Tensor? Constant => IsOverridable ? null : Initializer ?? Producer?.ConstantOutput;

    /// <summary>
    /// True for an initializer that a caller may feed: it is also an input. Up to IR 3 every initializer was listed among the inputs and
    /// stayed a constant all the same.
    /// </summary>
    public bool IsOverridable => IsGraphInput && Initializer is not null && Graph.InitializersMayBeFed;

    /// <summary>Lets every reader of this value read <paramref name="replacement"/> instead, graph outputs included.</summary>
    public void ReplaceAllUsesWith(Value replacement)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        if (ReferenceEquals(this, replacement))
            return;
        while (_uses.Count > 0)
            _uses[^1].Set(replacement);
    }

    internal void AddUse(Use use)
    {
        use.Position = _uses.Count;
        _uses.Add(use);
        _graphOutputs += use.User.IsReturn ? 1 : 0;
    }

    internal void RemoveUse(Use use)
    {
        var last = _uses[^1];
        _uses[use.Position] = last;
        last.Position = use.Position;
        _uses.RemoveAt(_uses.Count - 1);
        _graphOutputs -= use.User.IsReturn ? 1 : 0;
    }

    public override string ToString() => Name.Length > 0 ? Name : "<unnamed>";
}
