using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateUnusedFunctionsTests
{
    [Test]
    public void Keeps_what_is_called_also_by_way_of_others_and_from_bodies()
    {
        var g = new GraphBuilder();
        g.Function("local", "Inner", 1, (f, inputs) => [f.Op("Exp", inputs[0])]);
        g.Function("local", "Outer", 1, (f, inputs) => [f.Op("local.Inner", inputs[0])]);
        g.Function("local", "Unused", 1, (f, inputs) => [f.Op("local.OnlyByUnused", inputs[0])]);
        g.Function("local", "OnlyByUnused", 1, (f, inputs) => [f.Op("Neg", inputs[0])]);
        g.Function("other", "Outer", 1, (f, inputs) => [f.Op("Neg", inputs[0])]);
        var x = g.Input("x", DataType.Float, 3);
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("local.Outer", x)], otherwise => [otherwise.Op("Abs", x)]).Output());

        var test = PassTester.Run(new EliminateUnusedFunctions(), g.Build());

        Assert.That(test.Model.Functions.Select(function => function.ToString()), Is.EqualTo(new[] { "local.Inner", "local.Outer" }));
        Assert.That(test.Log.Rewrites.Select(rewrite => rewrite.Where), Is.EqualTo(new[] { "local.Unused", "local.OnlyByUnused", "other.Outer" }));
    }
}
