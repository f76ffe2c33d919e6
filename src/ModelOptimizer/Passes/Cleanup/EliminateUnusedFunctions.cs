using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Takes away the definitions of model-local functions that the main graph calls neither itself nor by way of others.</summary>
[Description("Takes away the definitions of model-local functions that nothing calls.")]
public sealed class EliminateUnusedFunctions : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        if (model.Functions.Count == 0)
            return;
        var called = new HashSet<Function>();
        AddCalls(model.Graph, new FunctionTable(model), called);
        foreach (var unused in model.Functions.Where(function => !called.Contains(function)).ToList())
            if (context.Rewriting("remove unused function", unused.ToString()))
                model.RemoveFunction(unused);
    }

    private static void AddCalls(Graph graph, FunctionTable functions, HashSet<Function> called)
    {
        foreach (var node in GraphWalker.Nodes(graph))
            if (functions.Find(node) is { } function && called.Add(function))
                AddCalls(function.Body, functions, called);
    }
}
