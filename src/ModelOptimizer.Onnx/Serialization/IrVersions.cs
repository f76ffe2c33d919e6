namespace ModelOptimizer.Onnx;

/// <summary>
/// Which version of the format a model's features came with. Files in the wild declare less than they use and runtimes are lax, so a
/// model that was not changed keeps what it declares; a feature added since it was read raises the version.
/// </summary>
internal static class IrVersions
{
    private const long InitializersApartFromInputs = 4;
    private const long SparseTensors = 6;
    private const long ModelLocalFunctions = 8;

    /// <summary>The model itself, or a copy that declares what has been added to it.</summary>
    public static OnnxModel Settle(OnnxModel model)
    {
        var needed = Needed(model);
        if (needed <= model.IrVersion || needed <= model.IrVersionNeededAsRead)
            return model;
        var raised = model.Clone();
        raised.RequireIrVersion(needed);
        return raised;
    }

    /// <summary>The lowest version that has all that the model uses.</summary>
    public static long Needed(OnnxModel model) => GraphWalker.Graphs(model).Select(Needed)
        .Append(model.Functions.Count > 0 ? ModelLocalFunctions : 0)
        .Append(model.Graph.Initializers.Any(value => !value.IsGraphInput) ? InitializersApartFromInputs : 0)
        .Max();

    private static long Needed(Graph graph) => graph.Initializers.Select(value => value.Initializer!)
        .Concat(graph.Nodes.SelectMany(node => node.Attributes.Tensors.Values))
        .Select(tensor => Math.Max(tensor.ElementType.IrVersion(), tensor is SparseTensor ? SparseTensors : 0))
        .Append(0)
        .Max();
}
