using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Evaluates nodes that depend on constants only, in one scratch model; one by one when the runtime refuses them together.</summary>
public sealed class ConstantEvaluator(IInferenceEngine engine)
{
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>The value of every output, and why where there is none.</summary>
    /// <param name="nodes">Nodes of one graph in order of execution; what they read is constant or made by one of them.</param>
    public EvaluationResults Evaluate(OnnxModel model, Graph graph, IReadOnlyList<Node> nodes)
    {
        var results = new EvaluationResults();
        try
        {
            EvaluateTogether(model, graph, nodes, results);
        }
        catch (InferenceException)
        {
            foreach (var node in nodes)
                EvaluateAlone(model, graph, node, results);
        }
        return results;
    }

    private void EvaluateAlone(OnnxModel model, Graph graph, Node node, EvaluationResults results)
    {
        try
        {
            if (node.Inputs.OfType<Value>().FirstOrDefault(input => input.Constant is null && results[input] is null) is { } missing)
                results.Fail(node, $"'{missing}' could not be evaluated");
            else
                EvaluateTogether(model, graph, [node], results);
        }
        catch (InferenceException e)
        {
            results.Fail(node, e.Message);
        }
    }

    private void EvaluateTogether(OnnxModel model, Graph graph, IReadOnlyList<Node> nodes, EvaluationResults results)
    {
        var scratch = OnnxModel.Create(Math.Max(model.IrVersion, 4), new Dictionary<string, long> { [""] = model.OpsetOf(graph) }, model.Path);
        var copies = new Dictionary<Value, Value>();
        var outputs = new List<Value>();
        foreach (var node in nodes)
            outputs.AddRange(Copy(node, scratch.Graph, copies, results));
        using var session = engine.Open(scratch, AsWritten);
        var values = session.Run(new Dictionary<string, Tensor>());
        for (var i = 0; i < outputs.Count; i++)
            results.Add(outputs[i], values[i]);
    }

    /// <returns>The node's outputs, each of which is now an output of the scratch model.</returns>
    private static IEnumerable<Value> Copy(Node node, Graph scratch, Dictionary<Value, Value> copies, EvaluationResults results)
    {
        var inputs = node.Inputs.Select(input => input is null ? null : Find(input)).ToArray();
        var copy = scratch.InsertCopy(null, node, inputs);
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is not { } output)
                continue;
            copies[output] = copy.Output(i);
            scratch.AddOutput($"output_{scratch.Outputs.Count}", copy.Output(i));
            yield return output;
        }

        Value Find(Value value) => copies.TryGetValue(value, out var copy)
            ? copy
            : copies[value] = scratch.AddInitializer(value.Name, value.Constant ?? results[value]!);
    }
}

/// <summary>What evaluation found.</summary>
public sealed class EvaluationResults
{
    private readonly Dictionary<Value, Tensor?> _values = [];
    private readonly Dictionary<Node, string> _failures = [];

    /// <summary>The value's content; null when it is no numeric tensor or could not be evaluated.</summary>
    public Tensor? this[Value value] => _values.GetValueOrDefault(value);

    /// <summary>The runtime's reason for not evaluating the node.</summary>
    public string? FailureOf(Node node) => _failures.GetValueOrDefault(node);

    internal void Add(Value value, Tensor? content) => _values[value] = content;

    internal void Fail(Node node, string reason) => _failures[node] = reason;
}
