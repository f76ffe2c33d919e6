using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

/// <summary>Small models around a few nodes in a row.</summary>
internal static class Moves
{
    /// <summary>Exp, then the nodes, then Abs: so that they touch neither input nor output.</summary>
    public static OnnxModel Between(TensorType type, Func<GraphBuilder, Value, Value> middle, long opset = 17)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Abs", middle(g, g.Op("Exp", g.Input("x", type)))));
        return g.Build();
    }

    public static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build, params object[] expected) =>
        new TestCaseData([build, .. expected]).SetArgDisplayNames(name);

    public static TensorType Floats(params Dimension[] dimensions) => new(DataType.Float, new Shape([.. dimensions]));

    public static Tensor Int64s(params long[] elements) => Tensor.Create([elements.Length], elements);

    public static Tensor Scalar(long element) => Tensor.Create([], element);
}
