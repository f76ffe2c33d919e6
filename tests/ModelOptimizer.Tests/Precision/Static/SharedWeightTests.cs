using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

public sealed class SharedWeightTests
{
    [Test]
    public void A_weight_is_not_stored_twice_when_the_range_of_one_reader_is_missing()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", Rows), g.Weight("w", Matrix(16, 12)));
        g.Output("y", g.Op("MatMul", x, w));
        g.Output("z", g.Op("MatMul", g.Op("Log", g.Op("Neg", g.Op("Exp", x))), w));

        Quantize(g.Build()).Refuses("its weight is also read by MatMul");
    }
}
