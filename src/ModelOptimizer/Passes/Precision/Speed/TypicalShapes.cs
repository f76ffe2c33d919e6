using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lengths of values as a usual run has them: those that are known, one for a batch, and for pictures and sequences of any size one size for all, so
/// that what is decided by them depends on the model alone.
/// </summary>
internal sealed class TypicalShapes
{
    /// <summary>Positions of a sequence.</summary>
    private const long Sequence = 64;

    /// <summary>Rows and columns of a picture.</summary>
    private const long Picture = 224;

    private readonly Dictionary<Value, (double Height, double Width)> _maps = [];

    /// <param name="model">A model whose types have been inferred.</param>
    public TypicalShapes(OnnxModel model)
    {
        foreach (var input in model.Graph.Inputs.Where(IsMap))
            _maps[input] = (Picture, Picture);
        foreach (var node in GraphWalker.Nodes(model))
            if (node.Outputs.OfType<Value>().FirstOrDefault(IsMap) is { } output && MapOf(node) is { } map)
                _maps[output] = map;
    }

    /// <summary>The lengths; null for a value of unknown rank.</summary>
    public double[]? Of(Value value) => value.Type?.Shape is { } shape
        ? [.. shape.Dimensions.Select((dimension, axis) => dimension.Value ?? Length(value, axis, shape.Rank))]
        : null;

    /// <summary>How many elements it has; 0 where not even the rank is known.</summary>
    public double Elements(Value value) => Of(value)?.Aggregate(1.0, (product, length) => product * length) ?? 0;

    private static bool IsMap(Value value) => value.Type?.Shape?.Rank == 4;

    private double Length(Value value, int axis, int rank) => axis == 0 && rank > 1 ? 1
        : axis < 2 || rank != 4 || !_maps.TryGetValue(value, out var map) ? Sequence
        : axis == 2 ? map.Height : map.Width;

    /// <summary>The size of the picture that a node makes of the one it reads.</summary>
    private (double, double)? MapOf(Node node)
    {
        var inputs = node.Inputs.OfType<Value>().Where(_maps.ContainsKey).Select(value => Of(value)!).ToList();
        if (inputs.Count == 0)
            return null;
        var (height, width) = (inputs.Max(input => input[2]), inputs.Max(input => input[3]));
        var (down, across) = node.OpType switch
        {
            "Conv" or "MaxPool" or "AveragePool" when node.Attributes.TryGetInts("strides") is [var y, var x] => (1.0 / y, 1.0 / x),
            "ConvTranspose" when node.Attributes.TryGetInts("strides") is [var y, var x] => (y, x),
            "Resize" or "Upsample" => (2.0, 2.0),
            _ => (1.0, 1.0),
        };
        return (Math.Ceiling(height * down), Math.Ceiling(width * across));
    }
}
