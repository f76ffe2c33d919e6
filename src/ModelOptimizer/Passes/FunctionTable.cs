using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The model-local functions by what calls them.</summary>
internal sealed class FunctionTable(OnnxModel model)
{
    private readonly ILookup<(string Domain, string Name, string Overload), Function> _functions =
        model.Functions.ToLookup(function => (function.Domain, function.Name, function.Overload));

    /// <summary>The function that the node calls; null when its operator is not defined in the model.</summary>
    public Function? Find(Node node) => _functions[(node.Domain, node.OpType, node.Overload)].FirstOrDefault();
}
