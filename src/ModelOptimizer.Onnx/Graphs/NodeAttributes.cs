using System.Collections.Frozen;
using System.Collections.Immutable;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using Kind = ModelOptimizer.Onnx.Protos.AttributeProto.Types.AttributeType;

namespace ModelOptimizer.Onnx;

/// <summary>A node's attributes by name. Graph attributes are not here: they are <see cref="Node.Bodies"/>.</summary>
public sealed class NodeAttributes
{
    private readonly Node _owner;
    private readonly NodeProto _node;
    private Dictionary<string, Tensor>? _tensors;

    internal NodeAttributes(Node owner) => (_owner, _node) = (owner, owner.Proto);

    public IEnumerable<string> Names => _node.Attribute.Select(attribute => attribute.Name);

    public bool Has(string name) => Find(name) is not null;

    /// <summary>True when an attribute takes its value from the enclosing function's parameter.</summary>
    public bool HasReferences => _node.Attribute.Any(attribute => attribute.RefAttrName.Length > 0);

    /// <summary>True when a body, too, comes from the enclosing function's caller.</summary>
    public bool HasBodyReferences =>
        _node.Attribute.Any(attribute => attribute.RefAttrName.Length > 0 && attribute.Type is Kind.Graph or Kind.Graphs);

    public long? TryGetInt(string name) => Find(name, Kind.Int)?.I;

    public long GetInt(string name, long defaultValue) => TryGetInt(name) ?? defaultValue;

    public float? TryGetFloat(string name) => Find(name, Kind.Float)?.F;

    public float GetFloat(string name, float defaultValue) => TryGetFloat(name) ?? defaultValue;

    public string? TryGetString(string name) => Find(name, Kind.String)?.S.ToStringUtf8();

    public ImmutableArray<long>? TryGetInts(string name) => Find(name, Kind.Ints) is { } a ? [.. a.Ints] : null;

    public ImmutableArray<float>? TryGetFloats(string name) => Find(name, Kind.Floats) is { } a ? [.. a.Floats] : null;

    public Tensor? GetTensor(string name) => _tensors?.GetValueOrDefault(name);

    public void Set(string name, long value) => Fresh(name, Kind.Int).I = value;

    public void Set(string name, float value) => Fresh(name, Kind.Float).F = value;

    public void Set(string name, string value) => Fresh(name, Kind.String).S = ByteString.CopyFromUtf8(value);

    public void Set(string name, params IEnumerable<long> values) => Fresh(name, Kind.Ints).Ints.AddRange(values);

    public void Set(string name, IEnumerable<float> values) => Fresh(name, Kind.Floats).Floats.AddRange(values);

    public void Set(string name, Tensor value)
    {
        Fresh(name, Kind.Tensor).T = value.ToProto("");
        Attach(name, value);
    }

    /// <summary>Takes over those of another node's attributes that are named, as far as it has them.</summary>
    public void CopyFrom(NodeAttributes other, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (other.Find(name) is { } attribute)
            {
                Remove(name);
                _node.Attribute.Add(attribute.Clone());
            }
        _owner.Graph?.Touch();
    }

    public void Remove(string name)
    {
        _tensors?.Remove(name);
        if (Find(name) is not { } attribute)
            return;
        _node.Attribute.Remove(attribute);
        _owner.Graph?.Touch();
    }

    /// <summary>The tensors among the attributes; their messages carry the same content.</summary>
    internal IReadOnlyDictionary<string, Tensor> Tensors => _tensors ?? (IReadOnlyDictionary<string, Tensor>)FrozenDictionary<string, Tensor>.Empty;

    /// <summary>Gives the tensor that stands for an attribute's message.</summary>
    internal void Attach(string name, Tensor tensor) => (_tensors ??= [])[name] = tensor;

    /// <summary>True when the other node's attributes say the same, in whatever order. Bodies are not compared.</summary>
    public bool ContentEquals(NodeAttributes other) =>
        _node.Attribute.Count == other._node.Attribute.Count
        && _node.Attribute.OrderBy(a => a.Name, StringComparer.Ordinal)
            .SequenceEqual(other._node.Attribute.OrderBy(a => a.Name, StringComparer.Ordinal));

    /// <summary>A number that attributes of equal content share.</summary>
    public int ContentHash => _node.Attribute.Aggregate(0, (sum, attribute) => unchecked(sum + attribute.GetHashCode()));

    /// <summary>All attributes as bytes that are the same in every process, in order of their names. Bodies are not among them.</summary>
    public byte[] ToBytes()
    {
        var sorted = new NodeProto();
        sorted.Attribute.AddRange(_node.Attribute.OrderBy(attribute => attribute.Name, StringComparer.Ordinal));
        return sorted.ToByteArray();
    }

    private AttributeProto? Find(string name) => _node.Attribute.FirstOrDefault(attribute => attribute.Name == name);

    private AttributeProto? Find(string name, Kind kind) =>
        // Models before IR 2 leave the kind undefined; a reference to a function's parameter has no value of its own.
        Find(name) is { } a && (a.Type == kind || a.Type == Kind.Undefined) && a.RefAttrName.Length == 0 ? a : null;

    private AttributeProto Fresh(string name, Kind kind)
    {
        Remove(name);
        var attribute = new AttributeProto { Name = name, Type = kind };
        _node.Attribute.Add(attribute);
        _owner.Graph?.Touch();
        return attribute;
    }
}
