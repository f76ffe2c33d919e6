using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Brings constants into a model, and takes those away that nothing reads any more.</summary>
internal static class ConstantValues
{
    /// <summary>The first version whose initializers need not be inputs.</summary>
    private const long InitializersApartFromInputs = 4;

    /// <summary>Adds a constant to a graph and raises the IR version to one that has its type. Large ones are put aside.</summary>
    public static Value AddConstant(this OnnxModel model, Graph graph, string name, Tensor tensor)
    {
        model.RequireIrVersion(Math.Max(InitializersApartFromInputs, tensor.ElementType.IrVersion()));
        return graph.AddConstant(name, model.PutAside(tensor));
    }

    /// <summary>Removes the constant when nothing reads it.</summary>
    public static void RemoveIfUnused(this Value constant)
    {
        if (constant.Uses.Count > 0 || constant.IsOverridable)
            return;
        if (constant.Producer is { } node)
            node.Remove();
        else
            constant.Graph.RemoveInitializer(constant);
    }

    /// <summary>Removes those of the constants that nothing reads, in one sweep for each graph.</summary>
    public static void RemoveUnused(IEnumerable<Value> constants)
    {
        var unused = constants.Distinct().Where(constant => constant.Uses.Count == 0 && constant.Constant is not null)
            .ToLookup(constant => constant.Producer is null);
        foreach (var node in unused[false])
            node.Producer!.Remove();
        foreach (var initializers in unused[true].GroupBy(constant => constant.Graph))
            initializers.Key.RemoveInitializers(initializers.ToHashSet());
    }
}
