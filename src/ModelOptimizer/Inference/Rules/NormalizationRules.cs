using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Normalizations: the first output is like the input, the others hold statistics.</summary>
internal static class NormalizationRules
{
    /// <summary>In training, running mean and variance come out too; old versions put more out.</summary>
    public static void BatchNormalization(NodeTyping node)
    {
        node.Set(node.ElementType(0), node.Shape(0));
        for (var i = 1; i < node.OutputCount; i++)
            node.Set(i, node.ElementType(i < 3 ? 3 : 1), node.Shape(3));
    }

    /// <summary>Mean and inverse deviation have length 1 on the axes over which they were taken, and are float unless told otherwise.</summary>
    public static void LayerNormalization(NodeTyping node)
    {
        node.Set(node.ElementType(0), node.Shape(0));
        var statistics = node.Shape(0) is { } shape && ShapeMath.Axis(node.Attribute("axis", -1), shape.Rank) is { } axis
            ? new Shape([.. shape.Dimensions.Select((length, i) => i < axis ? length : 1)])
            : null;
        var type = (DataType)node.Attribute("stash_type", (long)DataType.Float);
        node.Set(1, type, statistics);
        node.Set(2, type, statistics);
    }

    /// <summary>com.microsoft: outputs are the result, mean, inverse deviation and the sum of input, skip and bias.</summary>
    public static void SkipLayerNormalization(NodeTyping node)
    {
        var shape = node.Shape(0);
        var statistics = shape is { Rank: > 0 } ? shape.With(shape.Rank - 1, 1) : null;
        node.Set(0, node.ElementType(0), shape);
        node.Set(1, DataType.Float, statistics);
        node.Set(2, DataType.Float, statistics);
        node.Set(3, node.ElementType(0), shape);
    }
}
