using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeCastsTests
{
    private static readonly MergeCasts Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Cast(g, Cast(g, Cast(g, x, DataType.Float16), DataType.Double), DataType.Float), Moves.Floats(2, 3), opsets: [17, 9, 13, 19]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(DataType.Int32, DataType.Int64, DataType.Float)]
    [TestCase(DataType.Int32, DataType.Int64, DataType.Int8)]
    [TestCase(DataType.Bool, DataType.Float, DataType.Int64)]
    [TestCase(DataType.UInt8, DataType.Float16, DataType.Int32)]
    [TestCase(DataType.Float16, DataType.Float, DataType.Float16)]
    [TestCase(DataType.Float, DataType.Double, DataType.Bool)]
    [TestCase(DataType.Int32, DataType.Double, DataType.Float)]
    [TestCase(DataType.Float, DataType.Float, DataType.Float16)]
    public void Merges_by_way_of_a_type_that_holds_it_all(DataType from, DataType over, DataType to) =>
        PassTester.Run(Pass, Chain(from, over, to)).Leaves("Cast");

    [TestCase(DataType.Float, DataType.Float16, DataType.Float)]
    [TestCase(DataType.Int64, DataType.Int32, DataType.Int64)]
    [TestCase(DataType.Int64, DataType.Double, DataType.Int64)]
    [TestCase(DataType.Float, DataType.Int32, DataType.Float)]
    [TestCase(DataType.Float, DataType.Bool, DataType.Float)]
    [TestCase(DataType.Int32, DataType.Float, DataType.Int64)]
    [TestCase(DataType.Int32, DataType.Double, DataType.Int8)]
    [TestCase(DataType.Float, DataType.Double, DataType.Int32)]
    [TestCase(DataType.Int32, DataType.Double, DataType.Float16)]
    [TestCase(DataType.Int8, DataType.UInt8, DataType.Int32)]
    public void Refuses_where_the_type_between_may_change_numbers(DataType from, DataType over, DataType to) =>
        PassTester.Run(Pass, Chain(from, over, to)).Refuses("in between may change the numbers");

    [Test]
    public void Extreme_integers_survive()
    {
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create(DataType.Int32, [3], [int.MinValue, int.MaxValue, -1]) };

        PassTester.Run(Pass, Chain(DataType.Int32, DataType.Int64, DataType.UInt8, 3), inputs).Leaves("Cast");
    }

    private static OnnxModel Chain(DataType from, DataType over, DataType to, long length = 4)
    {
        var g = new GraphBuilder(opset: 19, irVersion: 9);
        g.Output("y", Cast(g, Cast(g, g.Input("x", from, length), over), to));
        return g.Build();
    }

    private static Value Cast(GraphBuilder g, Value x, DataType to) => g.Op("Cast", [x], ("to", (long)to));
}
