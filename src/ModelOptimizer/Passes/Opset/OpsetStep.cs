using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The step to one version, with what the adapters of its nodes need.</summary>
/// <param name="Version">The version that nodes are converted to; they come from the one before.</param>
/// <param name="Target">Where the upgrade ends: what the standard allows only from a later version on may be written when that is reached.</param>
internal sealed record OpsetStep(long Version, long Target)
{
    private readonly Dictionary<(Graph, string), Value> _constants = [];

    /// <summary>A constant vector of int64 in the node's graph; equal ones are shared.</summary>
    /// <param name="name">A hint.</param>
    public Value Int64s(Node reader, string name, params ReadOnlySpan<long> elements) =>
        Constant(reader, name, Tensor.Create([elements.Length], elements.ToArray()));

    /// <summary>A constant in the node's graph; equal ones are shared.</summary>
    /// <param name="name">A hint.</param>
    public Value Constant(Node reader, string name, Tensor tensor)
    {
        var key = (reader.Graph!, $"{name} {tensor.Type} {Convert.ToHexString(tensor.Bytes)}");
        return _constants.TryGetValue(key, out var known) ? known : _constants[key] = reader.Graph!.AddConstant(name, tensor);
    }

    /// <summary>A scalar of a floating-point type; null for other types.</summary>
    public static Tensor? Scalar(DataType type, float value) => type switch
    {
        DataType.Float => Tensor.Create([], value),
        DataType.Double => Tensor.Create(type, [], [(double)value]),
        DataType.Float16 => Tensor.Create(type, [], [(Half)value]),
        _ => null,
    };

    /// <summary>Puts one node of another operator in a node's place, under its names and with its type.</summary>
    public static Node Replace(Node node, string opType, params ReadOnlySpan<Value?> inputs)
    {
        var replacement = node.Graph!.Insert(node, opType, inputs, name: node.Name);
        replacement.Output().TakePlaceOf(node);
        return replacement;
    }
}
