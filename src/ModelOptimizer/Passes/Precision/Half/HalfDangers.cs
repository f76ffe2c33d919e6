using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Finds what has to stay float32: by constants, by calibration data where it was seen, else by what is known of operators.</summary>
internal sealed class HalfDangers
{
    /// <summary>Data that was not seen may reach twice as far.</summary>
    private const double Headroom = 2;

    /// <summary>Float16 holds angles up to it to 1/256; what a sine makes of coarser ones is another wave.</summary>
    private const double LargestAngle = 8;

    private readonly HalfGraph _graph;
    private readonly IReadOnlyDictionary<Value, HalfObserver> _seen;
    private readonly Dictionary<Value, HalfEdge> _edges;
    private readonly ConvertFloat16Options _options;

    /// <param name="seen">What values were on calibration data, and what constants are.</param>
    public HalfDangers(HalfGraph graph, IReadOnlyDictionary<Value, HalfObserver> seen, ConvertFloat16Options options)
    {
        (_graph, _seen, _options) = (graph, seen, options);
        _edges = graph.Edges.ToDictionary(edge => edge.Value);
    }

    /// <summary>Marks every vertex that has to stay float32 with the reason.</summary>
    public void Mark()
    {
        foreach (var edge in _graph.Edges)
            if (edge.Constant is { } content && HalfPrecision.TooLarge(content) is { } tooLarge)
                edge.Keep($"{edge.Name} stays float32: {tooLarge}");
            else if (_seen.GetValueOrDefault(edge.Value)?.Rounding.Loss(edge.Constant is null ? Headroom : 1) is { } loss)
                edge.Keep($"{edge.Name} {loss}");
        foreach (var vertex in _graph.Vertices)
            if (vertex is { Operator: { } known, Node: { } node })
                Mark(vertex, known, node);
        WholeNumberPaths.Keep(_graph, _seen);
    }

    private void Mark(HalfVertex vertex, HalfOperator known, Node node)
    {
        var isSeen = node.Inputs.Concat(node.Outputs).All(value => value is null || !_edges.ContainsKey(value) || _seen.ContainsKey(value));
        if (isSeen && HalfSums.Bound(node, _seen) is var bound && bound > HalfRounding.Largest)
            vertex.Keep(string.Create(CultureInfo.InvariantCulture, $"sums within {node.OpType} may reach {bound:g3}, and the largest float16 is {HalfRounding.Largest}"));
        // Who names an operator knows more than a table.
        if (!isSeen && !_options.Operators.Contains(node.OpType) && (known.Use == HalfUse.Sensitive || IsSquare(node)))
            vertex.Keep($"{node.OpType} may leave the range of float16, and no data shows that it doesn't");
        if (Divisor(node) is { } divisor && _edges.TryGetValue(divisor, out var edge) && MayVanish(edge))
            edge.Keep($"{node.OpType} divides by {edge.Name}, which may become zero in float16");
        // Of a function that nobody calls, or that is called with several types, no types are known, and so no edges.
        if (node.Is("Sin", "Cos", "Tan") && _edges.TryGetValue(node.Input(0)!, out var angle)
            && !(_seen.GetValueOrDefault(angle.Value)?.Peak <= LargestAngle))
            angle.Keep("angles are too coarse in float16");
    }

    private static bool IsSquare(Node node) => node.Is("Mul") && node.Input(0) == node.Input(1);

    /// <summary>An input near whose zero the result is infinite.</summary>
    private static Value? Divisor(Node node) => node.OpType switch
    {
        "Div" => node.Input(1),
        "Log" or "Reciprocal" => node.Input(0),
        "Pow" when node.Input(1)?.Constant is not { } exponent || exponent.ToFloats().Any(power => power < 0) => node.Input(0),
        _ => null,
    };

    private bool MayVanish(HalfEdge edge) => _seen.TryGetValue(edge.Value, out var seen) ? seen.Rounding.Vanished > 0 : true;
}
