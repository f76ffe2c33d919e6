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
        new Walk(problems).Enter(root, owner: null);
        return problems;
    }

    /// <summary>Goes through nodes in execution order and keeps in mind what exists so far.</summary>
    private sealed class Walk(List<string> problems)
    {
        public void Enter(Graph graph, Node? owner)
        {
            if (graph.Owner != owner)
                problems.Add($"Graph {graph.Name} does not know that {owner} carries it");
            var declared = new List<Value>();
            DeclareSignature(graph, declared);
            foreach (var node in graph.Nodes)
                Enter(graph, node, declared);
            VerifyList(graph);
            VerifyReturn(graph);
            foreach (var value in declared)
                VerifyUses(value);
            foreach (var value in declared)
                value.VisibleTo = null;
        }

        private void Enter(Graph graph, Node node, List<Value> declared)
        {
            if (node.Graph != graph)
                problems.Add($"{node} does not know its graph");
            VerifyInputs(node);
            foreach (var body in node.Bodies)
                Enter(body.Graph, node);
            foreach (var output in node.Outputs)
            {
                if (output is null)
                    continue;
                if (output.Producer != node)
                    problems.Add($"{output} does not know that {node} makes it");
                if (output.Initializer is not null || output.IsGraphInput)
                    problems.Add($"{output} is made by {node} and declared by the graph");
                Declare(graph, output, declared);
            }
        }

        private void DeclareSignature(Graph graph, List<Value> declared)
        {
            foreach (var input in graph.Inputs)
            {
                if (!input.IsGraphInput)
                    problems.Add($"{input} does not know that it is a graph input");
                Declare(graph, input, declared);
            }
            var initializers = new HashSet<Value>();
            foreach (var initializer in graph.Initializers)
            {
                if (initializer.Initializer is null)
                    problems.Add($"Initializer {initializer} has no tensor");
                if (!initializers.Add(initializer))
                    problems.Add($"Initializer {initializer} is listed twice");
                else if (!initializer.IsGraphInput)
                    Declare(graph, initializer, declared);
            }
            if (graph.IsFunction && initializers.Count > 0)
                problems.Add($"Function {graph.Name} has initializers");
        }

        private void Declare(Graph graph, Value value, List<Value> declared)
        {
            if (value.Graph != graph)
                problems.Add($"{value} does not know its graph");
            if (value.VisibleTo == this)
                problems.Add($"{value} is made twice");
            else
                declared.Add(value);
            value.VisibleTo = this;
        }

        private void VerifyInputs(Node node)
        {
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] is not { } input)
                    continue;
                if (input.VisibleTo != this)
                    problems.Add($"{node} reads {input}, which is not made before it");
                var use = node.InputUse(i);
                if (use.User != node || use.Index != i || !Knows(input, use))
                    problems.Add($"{input} does not know that {node} reads it");
            }
        }

        private static bool Knows(Value value, Use use) => use.Position < value.Uses.Count && value.Uses[use.Position] == use;

        private void VerifyUses(Value value)
        {
            foreach (var use in value.Uses)
            {
                if (use.Value != value || !Knows(value, use))
                    problems.Add($"{value} counts a use by {use.User} that reads {use.Value}");
                if (use.User.Graph is not { } reader || !GraphWalker.IsInside(reader, value.Graph))
                    problems.Add($"{value} is still read by {use.User}, which was removed");
            }
            if (value.ShadowedBy is { } by && (value.Uses.Count > 0 || by.Graph != value.Graph))
                problems.Add($"{value} is read although {by} took its name");
        }

        private void VerifyReturn(Graph graph)
        {
            VerifyInputs(graph.Return);
            if (graph.Return.Inputs.Count != graph.Outputs.Count || graph.Return.Inputs.Contains(null))
                problems.Add($"Graph {graph.Name} has an output without a value");
        }

        private void VerifyList(Graph graph)
        {
            var (forwards, backwards) = (0, 0);
            for (var node = graph.Nodes.First; node is not null; node = node.Next)
                forwards++;
            for (var node = graph.Nodes.Last; node is not null; node = node.Previous)
                backwards++;
            if (forwards != graph.Nodes.Count || backwards != graph.Nodes.Count)
                problems.Add($"Graph {graph.Name} counts {graph.Nodes.Count} nodes but links {forwards} forwards and {backwards} backwards");
        }
    }
}
