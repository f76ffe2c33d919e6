using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes.Fusion;

/// <summary>What exporters spell out around a convolution is the convolution's own work after simplify.</summary>
public sealed class ExportedConvolutionTests
{
    private static readonly Simplify Pass = new(new SimplifyOptions());

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(1, 4, 8, 8));

    private static IEnumerable<TestCaseData> Patterns =>
    [
        Case("PyTorch", ConvolutionPatterns.PyTorch, "Conv", "Relu"),
        Case("TensorFlow", ConvolutionPatterns.TensorFlow, "Conv", "Clip"),
        Case("Paddle, mobile", ConvolutionPatterns.PaddleMobile, "Conv", "Add", "Clip", "Mul", "Conv"),
        Case("Paddle, upsampling", ConvolutionPatterns.PaddleUpsampling, "ConvTranspose"),
        Case("CNTK", ConvolutionPatterns.Cntk, "Conv", "Relu", "MaxPool", "Reshape", "Gemm"),
    ];

    [TestCaseSource(nameof(Patterns))]
    public void Folds(Func<GraphBuilder, Value, Value> pattern, long opset, string[] left)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", pattern(g, g.Input("x", Image)));

        PassTester.Run(Pass, g.Build()).Leaves(left);
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> pattern, params string[] left) =>
        // Before opset 14 nobody expects a HardSwish.
        new TestCaseData(pattern, name.StartsWith("Paddle", StringComparison.Ordinal) ? 11L : 17L, left).SetArgDisplayNames(name);
}
