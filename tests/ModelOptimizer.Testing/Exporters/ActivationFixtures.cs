using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Activations that older opsets lack.</summary>
public static class ActivationFixtures
{
    public static IEnumerable<ExporterFixture> All =>
    [
        Fixture("hard swish", Exporter.TorchScript1, 13, TorchHardSwish, ["HardSigmoid", "Mul"], ["HardSigmoid", "Mul"]),
        Fixture("hard swish", Exporter.TorchScript1, 14, HardSwish, ["HardSwish"], ["HardSwish"]),
        Fixture("hard swish", Exporter.Paddle, 11, PaddleHardSwish, ["HardSigmoid", "Mul"], ["HardSigmoid", "Mul"]),
        Fixture("hard swish", Exporter.Paddle, 9, PaddleHardSwish, ["HardSigmoid", "Mul"], ["HardSigmoid", "Mul"]),
        Fixture("hard swish", Exporter.TensorFlow, 14, TensorFlowHardSwish, ["HardSwish"], ["HardSwish"]),
        Fixture("SiLU", Exporter.TorchScript2, 17, Silu, ["Sigmoid", "Mul"], ["QuickGelu"]),
        Fixture("swish", Exporter.Paddle, 11, PaddleSwish, ["Sigmoid", "Mul"], ["QuickGelu"]),
        Fixture("mish", Exporter.TorchScript2, 18, Mish, ["Mish"], ["Mish"]),
        Fixture("mish", Exporter.TorchScript1, 14, Mish, ["Softplus", "Tanh", "Mul"], ["Softplus", "Tanh", "Mul"]),
        Fixture("leaky relu", Exporter.TensorFlow, 13, LeakyRelu, ["LeakyRelu"], ["LeakyRelu"]),
        Fixture("relu6", Exporter.TensorFlow, 13, Relu6, ["Clip"], ["Clip"]),
    ];

    private static ExporterFixture Fixture(string pattern, Exporter exporter, long opset, Func<ExporterGraph, Value, Value> build,
        string[] standard,
        string[] contrib)
    {
        var g = new ExporterGraph(exporter, opset, "act");
        return new ExporterFixture(exporter, pattern, g.Build(build(g, g.Input("x", "batch", 4, "height", "width"))), standard, contrib);
    }

    private static Value TorchHardSwish(ExporterGraph g, Value x)
    {
        var gate = g.Op("Clip", g.Op("Add", x, g.Number(3)), g.Number(0), g.Number(6));
        return g.Op("Div", g.Op("Mul", x, gate), g.Number(6));
    }

    private static Value HardSwish(ExporterGraph g, Value x) => g.Op("HardSwish", x);

    private static Value PaddleHardSwish(ExporterGraph g, Value x)
    {
        var sum = g.Op("Add", x, g.Number(3));
        var gate = g.Opset >= 11 ? g.Op("Clip", sum, g.Number(0), g.Number(6)) : g.Op("Clip", [sum], ("min", 0f), ("max", 6f));
        return g.Op("Div", g.Op("Mul", x, gate), g.Number(6));
    }

    /// <summary>x · relu6(x + 3) · 0.16667, as Keras' MobileNetV3 has it.</summary>
    private static Value TensorFlowHardSwish(ExporterGraph g, Value x)
    {
        var relu6 = g.Op("Clip", g.Op("Add", x, g.Number(3)), g.Number(0), g.Number(6));
        return g.Op("Mul", x, g.Op("Mul", relu6, g.Number(1.0 / 6)));
    }

    private static Value Silu(ExporterGraph g, Value x) => g.Op("Mul", x, g.Op("Sigmoid", x));

    /// <summary>With a beta of one.</summary>
    private static Value PaddleSwish(ExporterGraph g, Value x) => g.Op("Mul", x, g.Op("Sigmoid", g.Op("Mul", x, g.Number(1))));

    private static Value Mish(ExporterGraph g, Value x) => g.Op("Mul", x, g.Op("Tanh", g.Op("Softplus", x)));

    private static Value LeakyRelu(ExporterGraph g, Value x) => g.Op("Max", g.Op("Mul", x, g.Number(0.2)), x);

    private static Value Relu6(ExporterGraph g, Value x) => g.Op("Min", g.Op("Relu", x), g.Number(6));
}
