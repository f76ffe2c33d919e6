using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Writes QuantizeLinear and DequantizeLinear in the newest form that a graph's opset has, and shares their constants.</summary>
internal sealed class QdqConstants(OnnxModel model)
{
    private const string ContribDomain = "com.microsoft";

    private readonly Dictionary<(Graph, DataType, AffineScale), (Value Scale, Value ZeroPoint)> _scalars = [];

    /// <summary>Scale and zero point of a whole tensor.</summary>
    public (Value Scale, Value ZeroPoint) Scalars(Graph graph, string name, DataType type, AffineScale scale)
    {
        if (_scalars.TryGetValue((graph, type, scale), out var known))
            return known;
        return _scalars[(graph, type, scale)] = (
            model.AddConstant(graph, $"{name}_scale", Tensor.Create([], scale.Scale)),
            model.AddConstant(graph, $"{name}_zero_point", ZeroPoints.Create(type, [], [scale.ZeroPoint])));
    }

    /// <summary>Inserts the node before another one; from <c>com.microsoft</c> where the opset is too old for it.</summary>
    /// <param name="needed">The first opset that has the form.</param>
    public Node InsertBefore(Node reader, string opType, Value?[] inputs, string name, long needed) =>
        reader.Graph!.Insert(reader, opType, inputs, 1, Domain(reader.Graph!, needed), name);

    /// <summary>Inserts the node right behind its first input, or first in the graph where that comes from elsewhere.</summary>
    /// <param name="needed">The first opset that has the form.</param>
    public Node InsertBehind(Graph graph, string opType, Value[] inputs, string name, long needed) => inputs[0].Producer is { } producer && producer.Graph == graph
        ? graph.InsertAfter(producer, opType, inputs, 1, Domain(graph, needed), name)
        // The constants of functions are nodes themselves, and stand first.
        : graph.Insert(graph.Nodes.FirstOrDefault(node => !node.Is("Constant")), opType, inputs, 1, Domain(graph, needed), name);

    private string Domain(Graph graph, long needed)
    {
        if (model.OpsetOf(graph) >= needed)
            return "";
        model.ImportDomain(graph, ContribDomain, 1);
        return ContribDomain;
    }

    /// <summary>The first opset that has the operators for whole tensors of a type.</summary>
    public static long OpsetFor(AffineGrid grid) => grid.IsWide ? NodePrecision.WideOpset : NodePrecision.PerTensorOpset;
}
