namespace ModelOptimizer.Onnx;

/// <summary>Checks what every pass must leave true: edges known at both ends, values visible where read and made before.</summary>
public static class GraphVerifier
{
    /// <summary>The broken invariants in words; empty when the model is sound.</summary>
    public static IReadOnlyList<string> Verify(OnnxModel model) =>
        [.. Verify(model.Graph), .. model.Functions.SelectMany(function => Verify(function.Body))];

    private static List<string> Verify(Graph root)
    {
        var problems = new List<string>();
        Verify(root, [], problems);
        return problems;
    }

    /// <param name="made">The values of enclosing graphs that exist when this body runs.</param>
    private static void Verify(Graph graph, HashSet<Value> made, List<string> problems)
    {
        var visible = new HashSet<Value>(made);
        visible.UnionWith(graph.Inputs);
        visible.UnionWith(graph.Initializers);
        foreach (var node in graph.Nodes)
        {
            VerifyInputs(node, visible, problems);
            foreach (var body in node.Bodies)
                Verify(body.Graph, visible, problems);
            VerifyOutputs(graph, node, visible, problems);
        }
        VerifyInputs(graph.Return, visible, problems);
    }

    private static void VerifyInputs(Node node, HashSet<Value> visible, List<string> problems)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { } input)
                continue;
            if (!visible.Contains(input))
                problems.Add($"{node} reads {input}, which is not made before it");
            if (!input.Uses.Any(use => use.User == node && use.Index == i))
                problems.Add($"{input} does not know that {node} reads it");
        }
    }

    private static void VerifyOutputs(Graph graph, Node node, HashSet<Value> visible, List<string> problems)
    {
        if (node.Graph != graph)
            problems.Add($"{node} does not know its graph");
        foreach (var output in node.Outputs.OfType<Value>())
        {
            if (output.Producer != node || output.Graph != graph)
                problems.Add($"{output} does not know that {node} makes it");
            if (!visible.Add(output))
                problems.Add($"{output} is made twice");
            if (output.Uses.FirstOrDefault(use => use.User is { Graph: null }) is { } stray)
                problems.Add($"{output} is still read by {stray.User}, which was removed");
        }
    }
}
