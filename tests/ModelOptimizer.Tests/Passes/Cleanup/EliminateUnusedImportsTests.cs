using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateUnusedImportsTests
{
    [Test]
    public void Keeps_the_standard_domain_and_those_of_nodes_in_bodies_and_functions()
    {
        var g = new GraphBuilder();
        g.Function("local", "Activate", 1, (f, inputs) => [f.Op("com.microsoft.Gelu", inputs[0])]);
        var x = g.Input("x", DataType.Float, 3);
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("local.Activate", x)], otherwise => [otherwise.Op("Abs", x)]).Output());
        var model = g.Build();
        model.ImportDomain("ai.onnx.ml", 3);

        var result = PassTester.Run(new EliminateUnusedImports(), model).Model;

        Assert.That(result.OpsetImports.Keys, Is.EquivalentTo(new[] { "", "com.microsoft", "local" }));
    }

    [Test]
    public void A_functions_imports_go_with_the_models()
    {
        var g = new GraphBuilder();
        g.Function("local", "Activate", 1, (f, inputs) => [f.Op("Exp", inputs[0])]);
        g.Output("y", g.Op("local.Activate", g.Input("x", DataType.Float, 3)));

        var result = PassTester.Run(new EliminateUnusedImports(), g.Build()).Model;

        Assert.That(result.OpsetImports.Keys, Is.EquivalentTo(new[] { "", "local" }));
        Assert.That(result.Functions[0].OpsetImports.Keys, Does.Not.Contain("com.microsoft"));
    }
}
