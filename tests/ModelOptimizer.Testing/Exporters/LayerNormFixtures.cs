using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Layer normalization.</summary>
public static class LayerNormFixtures
{
    private const int Width = 8;

    public static IEnumerable<ExporterFixture> All =>
    [
        Fixture(Exporter.TorchScript1, 14, Torch, fusesFrom: 17),
        Fixture(Exporter.TorchScript2, 16, Torch, fusesFrom: 17),
        Fixture(Exporter.TorchScript2, 17, Operator, fusesFrom: 17),
        Fixture(Exporter.Dynamo, 18, Operator, fusesFrom: 17),
        Fixture(Exporter.Dynamo, 18, Decomposed, fusesFrom: 17),
        Fixture(Exporter.TensorFlow, 13, Keras, fusesFrom: 17),
        Fixture(Exporter.TensorFlow, 17, Keras, fusesFrom: 17),
        Fixture(Exporter.Paddle, 9, Torch, fusesFrom: 17),
        Fixture(Exporter.Paddle, 11, Torch, fusesFrom: 17),
    ];

    private static ExporterFixture Fixture(Exporter exporter, long opset, Func<ExporterGraph, Value, Value> build, long fusesFrom)
    {
        var g = new ExporterGraph(exporter, opset, "ln");
        var model = g.Build(build(g, g.Input("x", "batch", "sequence", Width)));
        string[] spelled = [.. GraphWalker.Nodes(model).Where(node => !node.Is("Constant")).Select(node => node.OpType)];
        string[] fused = ["LayerNormalization"];
        return new ExporterFixture(exporter, "layer norm", model, opset >= fusesFrom ? fused : spelled, fused);
    }

    /// <summary>nn.LayerNorm below opset 17; Paddle writes it alike.</summary>
    private static Value Torch(ExporterGraph g, Value x)
    {
        var deviation = g.Op("Sub", x, g.Reduce("ReduceMean", x, -1));
        var variance = g.Reduce("ReduceMean", g.Op("Pow", deviation, g.Number(2)), -1);
        var normalized = g.Op("Div", deviation, g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-5))));
        return g.Op("Add", g.Op("Mul", normalized, g.Weight("weight", Width)), g.Weight("bias", Width));
    }

    private static Value Operator(ExporterGraph g, Value x) => g.Op("LayerNormalization",
        [x, g.Weight("weight", Width), g.Weight("bias", Width)],
        ("axis", -1), ("epsilon", 1e-5f), ("stash_type", 1));

    /// <summary>A layer norm that a model spells out itself: the variance from the deviation's square, 1 / √ as a reciprocal.</summary>
    private static Value Decomposed(ExporterGraph g, Value x)
    {
        var deviation = g.Op("Sub", x, g.Reduce("ReduceMean", x, -1));
        var variance = g.Reduce("ReduceMean", g.Op("Mul", deviation, deviation), -1);
        var normalized = g.Op("Mul", deviation, g.Op("Reciprocal", g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-6)))));
        return g.Op("Add", g.Op("Mul", normalized, g.Weight("weight", Width)), g.Weight("bias", Width));
    }

    /// <summary>Keras: moments, of which the variance is a mean of SquaredDifference, then batch normalization's formula.</summary>
    private static Value Keras(ExporterGraph g, Value x)
    {
        var mean = g.Reduce("ReduceMean", x, 2);
        var difference = g.Op("Sub", x, mean);
        var variance = g.Reduce("ReduceMean", g.Op("Mul", difference, difference), 2);
        var gain = g.Op("Mul", g.Op("Reciprocal", g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-3)))), g.Weight("gamma", Width));
        return g.Op("Add", g.Op("Mul", x, gain), g.Op("Sub", g.Weight("beta", Width), g.Op("Mul", mean, gain)));
    }
}
