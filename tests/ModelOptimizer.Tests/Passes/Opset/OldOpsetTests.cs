using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Passes.Opset.OpsetModels;

namespace ModelOptimizer.Tests.Passes.Opset;

/// <summary>Models of opsets that ONNX Runtime no longer runs, against what they mean, written in the opset that they are upgraded to.</summary>
public sealed class OldOpsetTests
{
    private const long Modern = 13;

    private static IEnumerable<TestCaseData> Cases =>
    [
        Case("an operand along an axis", 6,
            g => g.Op("Add", [Image(g), g.Input("b", DataType.Float, 3)], ("broadcast", 1), ("axis", 1)),
            g => g.Op("Add", Image(g), g.Op("Reshape", g.Input("b", DataType.Float, 3), g.Int64s("s", 3, 1, 1)))),
        Case("an operand along an axis from the back", 6,
            g => g.Op("Mul", [Image(g), g.Input("b", DataType.Float, 3, 4)], ("broadcast", 1), ("axis", -3)),
            g => g.Op("Mul", Image(g), g.Op("Reshape", g.Input("b", DataType.Float, 3, 4), g.Int64s("s", 3, 4, 1)))),
        Case("an operand at the end", 6,
            g => g.Op("Sub", [Image(g), g.Input("b", DataType.Float, 4, 5)], ("broadcast", 1)),
            g => g.Op("Sub", Image(g), g.Input("b", DataType.Float, 4, 5))),
        Case("a single element", 1,
            g => g.Op("Div", [Image(g), g.Initializer("b", [1, 1], 2)], ("broadcast", 1), ("axis", 0), ("consumed_inputs", new long[] { 0, 0 })),
            g => g.Op("Div", Image(g), g.Initializer("b", [1, 1], 2))),
        Case("comparison along an axis", 1,
            g => g.Op("Less", [Image(g), g.Input("b", DataType.Float, 2)], ("broadcast", 1), ("axis", 0)),
            g => g.Op("Less", Image(g), g.Op("Reshape", g.Input("b", DataType.Float, 2), g.Int64s("s", 2, 1, 1, 1)))),
        Case("a slope for each channel", 6,
            g => g.Op("PRelu", Image(g), g.Input("slope", DataType.Float, 3)),
            g => g.Op("PRelu", Image(g), g.Op("Reshape", g.Input("slope", DataType.Float, 3), g.Int64s("s", 3, 1, 1)))),
        Case("one slope for all", 1,
            g => g.Op("PRelu", [Image(g), g.Initializer("slope", [1], 0.5f)], ("consumed_inputs", new long[] { 0, 0 })),
            g => g.Op("PRelu", Image(g), g.Initializer("slope", [1], 0.5f))),
        Case("Gemm", 6,
            g => g.Op("Gemm", [g.Input("x", DataType.Float, 2, 3), g.Input("w", DataType.Float, 3, 4), g.Input("c", DataType.Float, 4)], ("broadcast", 1)),
            g => g.Op("Gemm", g.Input("x", DataType.Float, 2, 3), g.Input("w", DataType.Float, 3, 4), g.Input("c", DataType.Float, 4))),
        Case("the shape as attribute", 1,
            g => g.Op("Reshape", [Image(g)], ("shape", new long[] { 0, -1 }), ("consumed_inputs", new long[] { 0 })),
            g => g.Op("Reshape", Image(g), g.Int64s("s", 0, -1))),
        Case("Concat along the second axis", 1, g => g.Op("Concat", Image(g), Image(g, "z")), g => g.Op("Concat", [Image(g), Image(g, "z")], ("axis", 1))),
        Case("Concat along another", 3, g => g.Op("Concat", [Image(g), Image(g, "z")], ("axis", 2)), g => g.Op("Concat", [Image(g), Image(g, "z")], ("axis", 2))),
        Case("Tile along one axis", 1,
            g => g.Op("Tile", Image(g), g.Initializer("count", [], 2), g.Initializer("axis", [], 2)),
            g => g.Op("Tile", Image(g), g.Int64s("r", 1, 1, 2, 1))),
        Case("paddings", 1,
            g => g.Op("Pad", [Image(g)], ("paddings", new long[] { 0, 0, 1, 0, 0, 0, 0, 2 }), ("value", 3f)),
            g => g.Op("Pad", Image(g), g.Int64s("p", 0, 0, 1, 0, 0, 0, 0, 2), g.Initializer("v", [], 3))),
        Case("a type that is spelt", 1, g => g.Op("Cast", [Image(g)], ("to", "INT64")), g => g.Op("Cast", [Image(g)], ("to", (long)DataType.Int64))),
        Case("a Selu of few digits", 1,
            g => g.Op("Selu", Image(g)),
            g => g.Op("Selu", [Image(g)], ("alpha", 1.6732f), ("gamma", 1.0507f))),
        Case("lengths as input", 1,
            g => g.Node("Split", [Image(g), g.Int64s("l", 1, 3)], 2, ("axis", 2)).Output(1),
            g => g.Node("Split", [Image(g), g.Int64s("l", 1, 3)], 2, ("axis", 2)).Output(1)),
        Case("scales of height and width", 1,
            g => g.Op("Upsample", [Image(g)], ("height_scale", 2f), ("width_scale", 3f), ("mode", "bilinear")),
            g => g.Op("Resize", [Image(g), null, g.Initializer("s", [4], 1, 1, 2, 3)], ("mode", "linear"), ("coordinate_transformation_mode", "asymmetric"))),
        Case("the order of a norm", 1, g => g.Op("GlobalLpPool", [Image(g)], ("p", 3f)), g => g.Op("GlobalLpPool", [Image(g)], ("p", 3))),
        Case("Dropout in test mode", 6, g => g.Op("Dropout", [Image(g)], ("is_test", 1)), g => g.Op("Dropout", Image(g))),
        Case("BatchNormalization in test mode", 5,
            g => BatchNormalization(g, ("is_test", 1), ("spatial", 1), ("consumed_inputs", new long[] { 0, 0, 0, 1, 1 })), g => BatchNormalization(g)),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Answers_as_it_was_meant(long opset, Func<GraphBuilder, Value> old, Func<GraphBuilder, Value> modern) =>
        PassTester.SameOutputs(Build(Modern, modern), Upgrade(Build(opset, old), Modern), Tolerance.BitExact);

    private static TestCaseData Case(string name, long opset, Func<GraphBuilder, Value> old, Func<GraphBuilder, Value> modern) =>
        new TestCaseData(opset, old, modern).SetArgDisplayNames($"{name}, {opset} to {Modern}");

    private static Value Image(GraphBuilder g) => Image(g, "x");

    private static Value Image(GraphBuilder g, string name) => g.Input(name, DataType.Float, 2, 3, 4, 5);

    private static Value BatchNormalization(GraphBuilder g, params (string, object)[] attributes) => g.Op("BatchNormalization",
        [Image(g), g.Initializer("s", [3], 1, 2, 3), g.Initializer("b", [3], 3, 4, 5), g.Initializer("m", [3], 0.5f, 0, 1), g.Initializer("v", [3], 1, 4, 9)], attributes);
}
