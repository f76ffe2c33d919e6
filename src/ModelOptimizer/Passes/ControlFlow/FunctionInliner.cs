using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Inlines calls, those inside of functions first, so that each function is copied in its final form.</summary>
internal sealed class FunctionInliner(OnnxModel model, PassContext context)
{
    /// <summary>A chain of functions that each call the next one twice doubles with every link.</summary>
    private const int LargestFunction = 100_000;

    private readonly FunctionTable _functions = new(model);
    private readonly HashSet<Function> _entered = [];
    private readonly HashSet<Function> _settled = [];

    public void Run() => InlineIn(model.Graph);

    private void InlineIn(Graph root)
    {
        foreach (var node in GraphWalker.Nodes(root).ToList())
            if (_functions.Find(node) is { } function)
                Inline(node, function);
    }

    private void Inline(Node call, Function function)
    {
        if (_entered.Add(function))
        {
            InlineIn(function.Body);
            _settled.Add(function);
        }
        if (context.IsDone)
            return;
        if (Refusal(call, function) is { } why)
            context.Refuse(call, why);
        else if (context.Rewriting($"inline the function {function}", call))
            Replace(call, function);
    }

    private string? Refusal(Node call, Function function)
    {
        if (!_settled.Contains(function))
            return $"{function} calls itself";
        if (function.Body.Nodes.Count > LargestFunction)
            return $"{function} has {function.Body.Nodes.Count} nodes";
        if (GraphWalker.Nodes(function.Body).Any(node => node.Attributes.HasBodyReferences))
            return "the call hands a body to the function";
        if (function.Body.Inputs.Where((_, i) => call.Input(i) is null).Any(input => input.Uses.Any(use => use.User.IsReturn)))
            return "the function hands out an input that the call leaves out";
        return VersionRefusal(call, function);
    }

    /// <summary>Nodes are read by the version of the graph that they stand in.</summary>
    private string? VersionRefusal(Node call, Function function)
    {
        var (own, outer) = (function.OpsetImports, model.OpsetImportsOf(call.Graph!));
        foreach (var domain in Domains(function))
            if (own.TryGetValue(domain, out var version) && outer.TryGetValue(domain, out var there) && there != version)
                return $"{function} is written for version {version} of {(domain.Length == 0 ? "the standard operators" : domain)}, what calls it for version {there}";
        return null;
    }

    /// <summary>Domains of operators; those of functions have no versions that matter.</summary>
    private IEnumerable<string> Domains(Function function) =>
        GraphWalker.Nodes(function.Body).Where(node => _functions.Find(node) is null).Select(node => node.Domain).Distinct();

    private void Replace(Node call, Function function)
    {
        var graph = call.Graph!;
        foreach (var (domain, version) in function.OpsetImports.Where(import => import.Key.Length > 0))
            if (GraphWalker.Nodes(function.Body).Any(node => node.Domain == domain))
                model.ImportDomain(graph, domain, version);
        var results = graph.InlineFunction(call, function);
        for (var i = 0; i < call.Outputs.Count; i++)
            if (call.Outputs[i] is { Uses.Count: > 0 } output)
                Inlining.ReplaceOutput(output, results[i]!);
        call.Remove();
    }
}
