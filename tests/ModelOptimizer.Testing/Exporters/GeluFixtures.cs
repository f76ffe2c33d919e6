using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Gelu, exact and by its approximations.</summary>
public static class GeluFixtures
{
    private static readonly double RootOfTwo = Math.Sqrt(2);
    private static readonly double Slope = Math.Sqrt(2 / Math.PI);

    public static IEnumerable<ExporterFixture> All =>
    [
        Fixture("Gelu", Exporter.TorchScript1, 14, Torch, "Gelu"),
        Fixture("Gelu", Exporter.TorchScript2, 17, Torch, "Gelu"),
        Fixture("Gelu", Exporter.Dynamo, 18, DynamoHalfFirst, "Gelu"),
        Fixture("Gelu", Exporter.Dynamo, 18, Dynamo, "Gelu"),
        Fixture("Gelu", Exporter.Dynamo, 20, Dynamo, "Gelu"),
        Fixture("Gelu", Exporter.TensorFlow, 13, Keras, "Gelu"),
        Fixture("Gelu of BERT", Exporter.TensorFlow, 13, Bert, "Gelu"),
        Fixture("Gelu", Exporter.Paddle, 11, Torch, "Gelu"),
        Fixture("tanh Gelu", Exporter.TorchScript1, 14, TorchTanh, "FastGelu"),
        Fixture("Gelu of GPT-2", Exporter.TorchScript2, 17, NewGelu, "FastGelu"),
        Fixture("tanh Gelu", Exporter.Dynamo, 18, DynamoTanh, "FastGelu", ["Pow", "Mul", "Add", "Mul", "Tanh", "Add", "Mul", "Mul"]),
        Fixture("tanh Gelu", Exporter.Dynamo, 20, DynamoTanh, "FastGelu"),
        Fixture("tanh Gelu", Exporter.TensorFlow, 13, NewGelu, "FastGelu"),
        Fixture("quick Gelu", Exporter.TorchScript2, 17, Quick, "QuickGelu"),
    ];

    private static ExporterFixture Fixture(string pattern, Exporter exporter, long opset, Func<ExporterGraph, Value, Value> build,
        string contrib,
        string[]? simplified = null)
    {
        var g = new ExporterGraph(exporter, opset, "act");
        var model = g.Build(build(g, g.Input("x", "batch", "sequence", 8)));
        simplified ??= [.. GraphWalker.Nodes(model).Where(node => !node.Is("Constant")).Select(node => node.OpType)];
        var isStandard = opset >= 20 && contrib != "QuickGelu";
        return new ExporterFixture(exporter, pattern, model, isStandard ? ["Gelu"] : simplified, isStandard ? ["Gelu"] : [contrib]);
    }

    private static Value Torch(ExporterGraph g, Value x) =>
        g.Op("Mul", g.Op("Mul", x, g.Op("Add", g.Op("Erf", g.Op("Div", x, g.Number(RootOfTwo))), g.Number(1))), g.Number(0.5));

    private static Value Dynamo(ExporterGraph g, Value x) =>
        g.Op("Mul", g.Number(0.5), g.Op("Mul", x, g.Op("Add", g.Op("Erf", g.Op("Div", x, g.Number(RootOfTwo))), g.Number(1))));

    private static Value DynamoHalfFirst(ExporterGraph g, Value x) =>
        g.Op("Mul", x, g.Op("Mul", g.Number(0.5), g.Op("Add", g.Op("Erf", g.Op("Div", x, g.Number(RootOfTwo))), g.Number(1))));

    private static Value Keras(ExporterGraph g, Value x) =>
        g.Op("Mul", g.Op("Mul", x, g.Number(0.5)), g.Op("Add", g.Op("Erf", g.Op("Div", x, g.Number(RootOfTwo))), g.Number(1)));

    /// <summary>The first BERT: the normal distribution's own function, times x.</summary>
    private static Value Bert(ExporterGraph g, Value x) =>
        g.Op("Mul", x, g.Op("Mul", g.Op("Add", g.Op("Erf", g.Op("Mul", x, g.Number(1 / RootOfTwo))), g.Number(1)), g.Number(0.5)));

    private static Value TorchTanh(ExporterGraph g, Value x)
    {
        var cubed = g.Op("Mul", x, g.Op("Mul", x, x));
        var inner = g.Op("Mul", g.Number(Slope), g.Op("Add", x, g.Op("Mul", g.Number(0.044715), cubed)));
        return g.Op("Mul", g.Number(0.5), g.Op("Mul", x, g.Op("Add", g.Number(1), g.Op("Tanh", inner))));
    }

    /// <summary>NewGELUActivation, and tf.nn.gelu(approximate=True).</summary>
    private static Value NewGelu(ExporterGraph g, Value x)
    {
        var half = g.Op("Mul", x, g.Number(0.5));
        var inner = g.Op("Add", x, g.Op("Mul", g.Op("Pow", x, g.Number(3)), g.Number(0.044715)));
        return g.Op("Mul", half, g.Op("Add", g.Op("Tanh", g.Op("Mul", inner, g.Number(Slope))), g.Number(1)));
    }

    /// <summary>√(2/π) as two nodes over constants.</summary>
    private static Value DynamoTanh(ExporterGraph g, Value x)
    {
        var inner = g.Op("Add", x, g.Op("Mul", g.Number(0.044715), g.Op("Pow", x, g.Number(3))));
        var slope = g.Op("Sqrt", g.Op("Div", g.Number(2), g.Number(Math.PI)));
        var tanh = g.Op("Tanh", g.Op("Mul", slope, inner));
        return g.Op("Mul", g.Number(0.5), g.Op("Mul", x, g.Op("Add", tanh, g.Number(1))));
    }

    private static Value Quick(ExporterGraph g, Value x) => g.Op("Mul", x, g.Op("Sigmoid", g.Op("Mul", x, g.Number(1.702))));
}
