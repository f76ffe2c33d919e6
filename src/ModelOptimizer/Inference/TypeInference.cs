using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Learns types and shapes from the runtime: every value becomes an untyped output of a scratch model, and the runtime, opening it without
/// optimizations, tells what it inferred. Each body is a scratch model of its own, after the graph around it. What the file declares about
/// intermediate values is not believed: exporters and editors leave stale shapes behind, and a shape folded from one would be wrong.
/// Only graphs that the runtime refuses, and functions, whose types come with each call, keep what they declare.
/// </summary>
public sealed class TypeInference(IInferenceEngine engine)
{
    /// <summary>Larger constants become inputs of the scratch model: no shape depends on their content, and they needn't be copied.</summary>
    private const long LargestContentBytes = 8 * 1024;

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>The values about which there is nothing more to learn.</summary>
    private readonly HashSet<Value> _settled = [];

    /// <summary>Brings <see cref="Value.Type"/> up to date all over the model. Graphs without new values cost nothing.</summary>
    public void Run(OnnxModel model)
    {
        foreach (var graph in GraphWalker.Graphs(model.Graph))
        {
            if (graph.Owner is { } owner)
                BodyInputs.Refine(owner, graph);
            Run(model, graph);
        }
    }

    private void Run(OnnxModel model, Graph graph)
    {
        var unknown = graph.Nodes.SelectMany(node => node.Outputs).OfType<Value>()
            .Where(value => value.Constant is null && !_settled.Contains(value)).ToList();
        if (unknown.Count == 0 || model.Extract(graph, constant => constant.ByteCount > LargestContentBytes) is not var (scratch, copies))
            return;
        if (TypesOf(scratch, [.. unknown.Select(value => copies[value])]) is not { } types)
            return;
        var scalars = ScalarsAmong(scratch, [.. unknown.Where((_, i) => types[i]?.Shape?.Rank == 0).Select(value => copies[value])]);
        for (var i = 0; i < unknown.Count; i++)
            if (types[i] is { } type)
                Learn(unknown[i], type.Shape?.Rank > 0 || scalars.Contains(copies[unknown[i]]) ? type : type with { Shape = null });
    }

    private void Learn(Value value, TensorType type)
    {
        value.Infer(type);
        if (type.Shape is { IsStatic: true })
            _settled.Add(value);
    }

    /// <summary>The runtime reports an unknown rank as 0. The length of <c>Shape(value)</c>, which is the rank, tells them apart.</summary>
    private HashSet<Value> ScalarsAmong(OnnxModel scratch, IReadOnlyList<Value> values)
    {
        var shapes = values.Select(value => scratch.Graph.Insert(null, "Shape", [value]).Output()).ToList();
        if (shapes.Count == 0 || TypesOf(scratch, shapes) is not { } types)
            return [];
        return [.. values.Where((_, i) => types[i]?.Shape is { Rank: 1 } rank && rank[0].Value == 0)];
    }

    /// <returns>The types in order, null for what is no tensor; null when the runtime refuses the model.</returns>
    private IReadOnlyList<TensorType?>? TypesOf(OnnxModel scratch, IReadOnlyList<Value> values)
    {
        var first = scratch.Graph.Outputs.Count;
        foreach (var value in values)
            scratch.Graph.AddOutput($"output_{scratch.Graph.Outputs.Count}", value);
        try
        {
            using var session = engine.Open(scratch, AsWritten);
            return [.. session.Outputs.Skip(first).Select(output => output.Type)];
        }
        catch (InferenceException)
        {
            return null;
        }
    }
}
