using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Conv, BatchNormalization and Relu.</summary>
public static class ConvBatchNormFixtures
{
    private const int Channels = 4;

    public static IEnumerable<ExporterFixture> All =>
    [
        Fixture(Exporter.TorchScript1, 13, Torch, ["Conv", "Relu"]),
        Fixture(Exporter.TorchScript2, 17, Torch, ["Conv", "Relu"]),
        Fixture(Exporter.Dynamo, 18, Torch, ["Conv", "Relu"]),
        Fixture(Exporter.TensorFlow, 13, Keras, ["Transpose", "Conv", "Relu", "Transpose"]),
        Fixture(Exporter.Paddle, 9, Paddle, ["Conv", "Relu"]),
    ];

    private static ExporterFixture Fixture(Exporter exporter, long opset, Func<ExporterGraph, OnnxModel> build, string[] left) =>
        new(exporter, "Conv, batch norm and Relu", build(new ExporterGraph(exporter, opset, "conv")), left, left);

    /// <summary>With <c>training=PRESERVE</c>, or by dynamo: else the exporter folds the normalization itself.</summary>
    private static OnnxModel Torch(ExporterGraph g)
    {
        var convolved = g.Op("Conv", [g.Input("x", "batch", 3, "height", "width"), g.Weight("weight", Channels, 3, 3, 3)],
            ("dilations", new long[] { 1, 1 }),
            ("group", 1), ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }));
        (string, object)[] mode = g.Opset >= 14 ? [("training_mode", 0)] : [];
        return g.Build(g.Op("Relu", Normalize(g, convolved, [("epsilon", 1e-5f), ("momentum", 0.9f), .. mode])));
    }

    /// <summary>NHWC outside, NCHW within.</summary>
    private static OnnxModel Keras(ExporterGraph g)
    {
        var image = g.Op("Transpose", [g.Input("x", "batch", 8, 8, 3)], ("perm", new long[] { 0, 3, 1, 2 }));
        var convolved = g.Op("Conv", [image, g.Weight("kernel", Channels, 3, 3, 3), g.Weight("bias", Channels)], ("auto_pad", "SAME_UPPER"),
            ("dilations", new long[] { 1, 1 }), ("group", 1), ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 1, 1 }));
        var activated = g.Op("Relu", Normalize(g, convolved, ("epsilon", 1e-3f)));
        return g.Build(g.Op("Transpose", [activated], ("perm", new long[] { 0, 2, 3, 1 })));
    }

    private static OnnxModel Paddle(ExporterGraph g)
    {
        var convolved = g.Op("Conv", [g.Input("x", "batch", 3, 48, "width"), g.Weight("w_0", Channels, 3, 3, 3)],
            ("dilations", new long[] { 1, 1 }),
            ("group", 1), ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }));
        return g.Build(g.Op("Relu", Normalize(g, convolved, ("epsilon", 1e-5f), ("momentum", 0.9f))));
    }

    private static Value Normalize(ExporterGraph g, Value x, params (string Name, object Value)[] attributes) => g.Op("BatchNormalization",
        [x, g.Weight("gamma", Channels), g.Weight("beta", Channels), g.Weight("mean", Channels), g.Weight("variance", Channels)],
            attributes);
}
