using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>
/// What the usual converters do: everything that may be float16 becomes it, inputs and outputs apart, whatever numbers get lost. The operators
/// that the transformers tool of ONNX Runtime's Python package (1.30) leaves in float32 stay so.
/// </summary>
internal sealed class PlainFloat16 : IGraphPass
{
    private static readonly string[] Blocked =
        ["CumSum", "Max", "Min", "NonMaxSuppression", "RandomUniformLike", "Range", "RoiAlign", "TopK", "Upsample"];

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        context.InferTypes();
        var graph = new HalfGraph(model);
        foreach (var vertex in graph.Vertices)
            vertex.IsHalf = vertex is { Danger: null, Input: null, Output: null } && !(vertex.Node is { } node && Blocked.Contains(node.OpType));
        if (context.Rewriting("compute everything in float16", "the model"))
            new HalfWriter(graph, new HalfConstants(model, DataType.Float16)).Write();
    }
}
