using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Brings constants into graphs of every kind, and takes those away that nothing reads any more.</summary>
internal static class ConstantValues
{
    /// <summary>IR version from which an initializer need not be a graph input.</summary>
    private const long FreeInitializers = 4;

    /// <summary>Adds a constant; a Constant node where the graph can't hold initializers: in functions and old models.</summary>
    public static Value AddConstant(this OnnxModel model, Graph graph, string name, Tensor tensor)
    {
        model.RequireIrVersion(IrVersionOf(tensor.ElementType));
        if (model.IrVersion >= FreeInitializers && !model.Functions.Any(function => function.Body == graph))
            return graph.AddInitializer(name, tensor);
        var node = graph.InsertFirst("Constant", []);
        node.Attributes.Set("value", tensor);
        node.Output().Name = name;
        return node.Output();
    }

    private static long IrVersionOf(DataType type) => type switch
    {
        DataType.Int4 or DataType.UInt4 => 10,
        DataType.Int2 or DataType.UInt2 => 13,
        _ => 0,
    };

    /// <summary>Removes the constant when nothing reads it.</summary>
    public static void RemoveIfUnused(this Value constant)
    {
        if (constant.Uses.Count > 0 || constant.IsGraphInput)
            return;
        if (constant.Producer is { } node)
            node.Remove();
        else
            constant.Graph.RemoveInitializer(constant);
    }
}
