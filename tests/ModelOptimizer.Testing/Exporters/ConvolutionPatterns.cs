using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Convolution blocks in the shapes that exporters emit them, over an input of [1, 4, 8, 8].</summary>
public static class ConvolutionPatterns
{
    private static readonly (string, object) Momentum = ("momentum", 0.9f);

    /// <summary>PyTorch with constant folding off: a Conv without bias, BatchNormalization, Relu.</summary>
    public static Value PyTorch(GraphBuilder g, Value x)
    {
        var conv = g.Op("Conv", [x, g.Weight("conv.weight", Random(1, 6, 4, 3, 3))], ("dilations", Two(1)), ("group", 1),
            ("kernel_shape", Two(3)), ("pads", Four(1)), ("strides", Two(2)));
        return g.Op("Relu", Normalize(g, conv, "bn", 6, ("epsilon", 1e-5f), Momentum, ("training_mode", 0)));
    }

    /// <summary>TensorFlow by tf2onnx: the other order of axes, a Pad before a stride of two, the bias as an Add, ReLU6 as Clip.</summary>
    public static Value TensorFlow(GraphBuilder g, Value x)
    {
        var image = g.Op("Transpose", [g.Op("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 }))], ("perm", new long[] { 0, 3, 1, 2 }));
        var padded = g.Op("Pad", [image, g.Weight("pads", Tensor.Create([8], 0L, 0, 0, 0, 0, 0, 1, 1)), g.Weight("zero", Number(0))],
            ("mode", "constant"));
        var depthwise = g.Op("Conv", [padded, g.Weight("depthwise", Random(1, 4, 1, 3, 3))], ("group", 4), ("strides", Two(2)),
            ("auto_pad", "VALID"));
        var biased = g.Op("Add", depthwise, g.Weight("bias", Random(2, 1, 4, 1, 1)));
        return g.Op("Clip", Normalize(g, biased, "bn", 4, ("epsilon", 1e-3f)), g.Weight("zero", Number(0)), g.Weight("six", Number(6)));
    }

    /// <summary>Paddle's PP-LCNet: BatchNormalization, learned factor and term, hard swish spelled out, the next two, a Conv.</summary>
    public static Value PaddleMobile(GraphBuilder g, Value x)
    {
        var conv = g.Op("Conv", [x, g.Weight("depthwise", Random(1, 4, 1, 3, 3))], ("group", 4), ("pads", Four(1)));
        var learned = Affine(g, Normalize(g, conv, "bn", 4, ("epsilon", 1e-5f)), 1.4f, 0.6f);
        var clip = g.Op("Clip", g.Op("Add", learned, g.Weight("three", Number(3))), g.Weight("zero", Number(0)),
            g.Weight("six", Number(6)));
        var swish = g.Op("Div", g.Op("Mul", learned, clip), g.Weight("six", Number(6)));
        return g.Op("Conv", Affine(g, swish, 0.4f, -0.3f), g.Weight("pointwise", Random(2, 6, 4, 1, 1)));
    }

    /// <summary>Paddle's upsampling: a ConvTranspose whose bias passes a Reshape, BatchNormalization.</summary>
    public static Value PaddleUpsampling(GraphBuilder g, Value x)
    {
        var conv = g.Op("ConvTranspose", [x, g.Weight("weight", Random(1, 4, 3, 2, 2))], ("strides", Two(2)));
        var bias = g.Op("Reshape", g.Weight("bias", Random(2, 3)), g.Weight("shape", Tensor.Create([4], 1L, 3, 1, 1)));
        return Normalize(g, g.Op("Add", conv, bias), "bn", 3, ("epsilon", 1e-5f));
    }

    /// <summary>CNTK: a Conv that pads by size, its bias as a Plus, then a product of reshaped data and a reshaped weight.</summary>
    public static Value Cntk(GraphBuilder g, Value x)
    {
        var conv = g.Op("Conv", [x, g.Weight("weight", Random(1, 2, 4, 3, 3))], ("auto_pad", "SAME_UPPER"), ("kernel_shape", Two(3)));
        var pooled = g.Op("MaxPool", [g.Op("Relu", g.Op("Add", conv, g.Weight("plus", Random(2, 2, 1, 1))))], ("kernel_shape", Two(2)),
            ("strides", Two(2)));
        var flat = g.Op("Reshape", pooled, g.Weight("flat", Tensor.Create([2], 1L, 32)));
        var times = g.Op("Reshape", g.Weight("times", Random(3, 2, 4, 4, 5)), g.Weight("matrix", Tensor.Create([2], 32L, 5)));
        return g.Op("Add", g.Op("MatMul", flat, times), g.Weight("plus2", Random(4, 1, 5)));
    }

    private static Value Affine(GraphBuilder g, Value x, float factor, float term) =>
        g.Op("Add", g.Op("Mul", g.Weight($"factor {factor}", Tensor.Create([1], factor)), x),
            g.Weight($"term {term}", Tensor.Create([1], term)));

    private static Value Normalize(GraphBuilder g, Value x, string name, long channels, params (string, object)[] attributes) =>
        g.Op("BatchNormalization",
        [
            x, g.Weight($"{name}.weight", Random(11, channels)), g.Weight($"{name}.bias", Random(12, channels)),
            g.Weight($"{name}.running_mean", Random(13, channels)), g.Weight($"{name}.running_var", Random(14, channels)),
        ], attributes);

    /// <summary>Between 0.1 and 1.1, so that variances are none below zero.</summary>
    private static Tensor Random(int seed, params long[] dimensions)
    {
        var random = new Random(seed);
        var elements = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = 0.1f + random.NextSingle();
        return Tensor.Create(dimensions, elements);
    }

    private static Tensor Number(float value) => Tensor.Create([], value);

    private static long[] Two(long value) => [value, value];

    private static long[] Four(long value) => [value, value, value, value];
}
