using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

/// <summary>Models of one formula over a small image, and its parts.</summary>
internal static class Formula
{
    public static TensorType Image { get; } = new(DataType.Float, Shape.Of(2, 3, 4));

    public static OnnxModel Model(Func<GraphBuilder, Value, Value> form, long opset = 17, TensorType? type = null)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", form(g, g.Input("x", type ?? Image)));
        return g.Build();
    }

    /// <summary>Larger than one, so that bounds are met.</summary>
    public static Dictionary<string, Tensor> WideInput { get; } = new()
    {
        ["x"] = Tensor.Create([2, 3, 4], [.. Enumerable.Range(0, 24).Select(i => 0.9f * (i - 12))]),
    };

    public static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> form) => new TestCaseData(form).SetArgDisplayNames(name);

    public static Value Number(this GraphBuilder g, float number) => g.Initializer("number", [], number);

    /// <summary>A number as a weight, which standard rows supply in their own ways.</summary>
    public static Value Weight(this GraphBuilder g, string name, float number) => g.Weight(name, Tensor.Create([], number));
}
