using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class FreezeInputsTests
{
    [Test]
    public void Frees_other_passes_to_fold()
    {
        var model = Overridable();
        PassTester.Run(new FoldConstants(new()), model).Ignores();

        var frozen = PassTester.Run(new FreezeInputs(), model);

        Assert.That(frozen.Model.Graph.Inputs.Select(input => input.Name), Is.EqualTo(new[] { "x" }));
        PassTester.Run(new FoldConstants(new()), frozen.Model).Leaves("Add");
    }

    [Test]
    public void Leaves_plain_models_alone()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 2), g.Initializer("w", [1], 1f)));

        PassTester.Run(new FreezeInputs(), g.Build()).Ignores();
    }

    private static OnnxModel Overridable()
    {
        var g = new GraphBuilder();
        var w = g.Op("Neg", g.InputWithDefault("w", Tensor.Create([2], 1f, 2f)));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 2), w));
        return g.Build();
    }
}
