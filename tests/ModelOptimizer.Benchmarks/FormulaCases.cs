using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>Formulas that become one operator, and some that do not, because the operator is slower than its formula.</summary>
internal static class FormulaCases
{
    private const long Width = 768;
    private static readonly long[] Tokens = [1, 128, Width];
    private static readonly long[] Hidden = [1, 128, 4 * Width];
    private static readonly long[] Image = [1, 64, 80, 80];
    private static readonly FuseOptions Standard = new();
    private static readonly FuseOptions Contrib = new() { Format = FusionFormat.Contrib };

    public static IEnumerable<FusionCase> All => [.. Normalizations(), .. Activations(), .. Softmaxes(), .. LeftOut()];

    private static IEnumerable<FusionCase> Normalizations()
    {
        yield return new("LayerNormalization with a division", new FuseLayerNormalization(Standard), Tokens, LayerNorm);
        yield return new("LayerNormalization with a reciprocal", new FuseLayerNormalization(Standard), Tokens, ReciprocalLayerNorm);
        yield return new("LayerNormalization, opset 14", new FuseLayerNormalization(Contrib), Tokens, LayerNorm) { Opset = 14 };
        yield return new("SimplifiedLayerNormalization with a division", new FuseRmsNormalization(Contrib), Tokens,
            (b, x) => b.Op("Mul", [b.Op("Div", [x, b.Root(b.Op("Pow", [x, b.Number(2)]))]), b.Constant(Width)]));
        yield return new("SimplifiedLayerNormalization with a reciprocal", new FuseRmsNormalization(Contrib), Tokens, RmsNorm);
        yield return new("RMSNormalization with a reciprocal, opset 23", new FuseRmsNormalization(Standard), Tokens,
            RmsNorm) { Opset = 23 };
    }

    private static IEnumerable<FusionCase> Activations()
    {
        yield return new("Gelu, contrib", new FuseGelu(Contrib), Hidden, Gelu);
        yield return new("Gelu, opset 20", new FuseGelu(Standard), Hidden, Gelu) { Opset = 20 };
        yield return new("Gelu behind a bias, opset 20", new FuseGelu(Standard), Hidden,
            (b, x) => Gelu(b, b.Op("Add", [x, b.Constant(4 * Width)]))) { Opset = 20 };
        yield return new("FastGelu, contrib", new FuseFastGelu(Contrib), Hidden, TanhGelu);
        yield return new("Gelu by tanh, opset 20", new FuseFastGelu(Standard), Hidden, TanhGelu) { Opset = 20 };
        yield return new("QuickGelu", new FuseQuickGelu(Contrib), Hidden,
            (b, x) => b.Op("Mul", [x, b.Op("Sigmoid", [b.Op("Mul", [x, b.Number(1.702f)])])]));
        yield return new("QuickGelu as swish", new FuseQuickGelu(Contrib), Hidden, Swish);
        yield return new("Mish", new FuseMish(Standard), Image,
            (b, x) => b.Op("Mul", [x, b.Op("Tanh", [b.Op("Softplus", [x])])])) { Opset = 18 };
        yield return new("HardSwish", new FuseHardSwish(Standard), Image, HardSwish);
        yield return new("HardSwish as a product, opset 13", new FuseHardSwish(Standard), Image, HardSwish) { Opset = 13 };
        yield return new("HardSigmoid", new FuseHardSigmoid(Standard), Image, (b, x) => b.Op("Div", [b.Shifted(x), b.Number(6)]));
        yield return new("LeakyRelu of a maximum", new FuseLeakyRelu(Standard), Image,
            (b, x) => b.Op("Max", [x, b.Op("Mul", [x, b.Number(0.1f)])]));
        yield return new("Clip of a minimum and a maximum", new FuseClip(Standard), Image,
            (b, x) => b.Op("Min", [b.Op("Max", [x, b.Number(0)]), b.Number(6)]));
        yield return new("Clip of a Relu and a minimum", new FuseClip(Standard), Image,
            (b, x) => b.Op("Min", [b.Op("Relu", [x]), b.Number(6)]));
    }

    private static IEnumerable<FusionCase> Softmaxes()
    {
        yield return new("Softmax", new FuseSoftmax(Standard), [1, 12, 128, 128], Softmax);
        yield return new("LogSoftmax", new FuseLogSoftmax(Standard), [1, 128, 1000], (b, x) => b.Op("Log", [b.Op("Softmax", [x])]));
    }

    private static IEnumerable<FusionCase> LeftOut()
    {
        yield return new("not written: Swish, opset 24", null, Hidden, Swish, (b, x) => b.Op("Swish", [x])) { Opset = 24 };
        yield return new("not written: Softplus", null, Image, (b, x) => b.Op("Log", [b.Op("Add", [b.Op("Exp", [x]), b.Number(1)])]),
            (b, x) => b.Op("Softplus", [x]));
        yield return new("not written: PRelu", null, Image, PRelu, (b, x) => b.Op("PRelu", [x, b.Constant(64, 1, 1)]));
        yield return new("not written: ReduceL2", null, [1, 512, 1000], (b, x) => b.Op("Sqrt", [b.Sum(b.Op("Mul", [x, x]))]),
            (b, x) => b.Op("ReduceL2", [x], ("axes", [-1])));
        yield return new("not written: ReduceLogSumExp", null, [1, 512, 1000], (b, x) => b.Op("Log", [b.Sum(b.Op("Exp", [x]))]),
            (b, x) => b.Op("ReduceLogSumExp", [x], ("axes", [-1])));
    }

    private static Value LayerNorm(CaseBuilder b, Value x)
    {
        var deviation = b.Op("Sub", [x, b.Mean(x)]);
        return b.Affine(b.Op("Div", [deviation, b.Root(b.Op("Pow", [deviation, b.Number(2)]))]));
    }

    private static Value ReciprocalLayerNorm(CaseBuilder b, Value x)
    {
        var deviation = b.Op("Sub", [x, b.Mean(x)]);
        return b.Affine(b.Op("Mul", [deviation, b.Op("Reciprocal", [b.Root(b.Op("Mul", [deviation, deviation]))])]));
    }

    private static Value RmsNorm(CaseBuilder b, Value x) =>
        b.Op("Mul", [b.Constant(Width), b.Op("Mul", [x, b.Op("Reciprocal", [b.Root(b.Op("Pow", [x, b.Number(2)]))])])]);

    private static Value Gelu(CaseBuilder b, Value x)
    {
        var erf = b.Op("Erf", [b.Op("Div", [x, b.Number(1.41421354f)])]);
        return b.Op("Mul", [b.Op("Mul", [x, b.Op("Add", [erf, b.Number(1)])]), b.Number(0.5f)]);
    }

    private static Value TanhGelu(CaseBuilder b, Value x)
    {
        var cubic = b.Op("Mul", [b.Op("Pow", [x, b.Number(3)]), b.Number(0.044715f)]);
        var tanh = b.Op("Tanh", [b.Op("Mul", [b.Op("Add", [x, cubic]), b.Number(0.797884583f)])]);
        return b.Op("Mul", [b.Op("Mul", [x, b.Number(0.5f)]), b.Op("Add", [tanh, b.Number(1)])]);
    }

    private static Value Swish(CaseBuilder b, Value x) => b.Op("Mul", [x, b.Op("Sigmoid", [x])]);

    private static Value HardSwish(CaseBuilder b, Value x) => b.Op("Div", [b.Op("Mul", [x, b.Shifted(x)]), b.Number(6)]);

    private static Value PRelu(CaseBuilder b, Value x) =>
        b.Op("Add", [b.Op("Relu", [x]), b.Op("Mul", [b.Op("Neg", [b.Op("Relu", [b.Op("Neg", [x])])]), b.Constant(64, 1, 1)])]);

    private static Value Softmax(CaseBuilder b, Value x)
    {
        var powers = b.Op("Exp", [b.Op("Sub", [x, b.Op("ReduceMax", [x], ("axes", [-1]))])]);
        return b.Op("Div", [powers, b.Sum(powers)]);
    }

    private static Value Shifted(this CaseBuilder b, Value x) => b.Op("Clip", [b.Op("Add", [x, b.Number(3)]), b.Number(0), b.Number(6)]);

    private static Value Affine(this CaseBuilder b, Value x) => b.Op("Add", [b.Op("Mul", [x, b.Constant(Width)]), b.Constant(Width)]);

    private static Value Root(this CaseBuilder b, Value squares) => b.Op("Sqrt", [b.Op("Add", [b.Mean(squares), b.Number(1e-5f)])]);

    private static Value Sum(this CaseBuilder b, Value x) => b.Op("ReduceSum", [x, b.Int64s(-1)]);

    /// <summary>From opset 18 on the axes are an input.</summary>
    private static Value Mean(this CaseBuilder b, Value x) => b.Opset >= 18
        ? b.Op("ReduceMean", [x, b.Int64s(-1)]) : b.Op("ReduceMean", [x], ("axes", [-1]));
}
