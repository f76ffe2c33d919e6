using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class InitializerSizesTests
{
    [Test]
    public void Each_constant_of_the_original_is_followed_to_what_stands_for_it()
    {
        var (original, result) = (Model(("w", 100), ("kept", 10), ("folded", 20)), Model(("w_quantized", 25), ("w_scale", 1), ("kept", 10)));
        var log = new RewriteLog();
        log.Compressed("w", original.Graph.Initializers.Single(value => value.Name == "w").Initializer!, 104, "int8");
        log.RefuseWeight("kept", original.Graph.Initializers.Single(value => value.Name == "kept").Initializer!, "small");

        var sizes = InitializerSizes.Of(original, result, log);

        Assert.That((sizes.Before, sizes.After), Is.EqualTo((520L, 144L)));
        Assert.That(sizes.Largest.Select(one => (one.Name, one.Before, one.After)),
            Is.EqualTo(new (string, long, long?)[] { ("w", 400, 104), ("folded", 80, null), ("kept", 40, 40) }));
    }

    private static OnnxModel Model(params (string Name, int Count)[] constants)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1);
        foreach (var (name, count) in constants)
            g.Output($"y_{name}", g.Op("Add", x, g.Initializer(name, [count], new float[count])));
        return g.Build();
    }
}
