using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Opset;

/// <summary>Upgrades test models.</summary>
internal static class OpsetModels
{
    /// <summary>A model of one output.</summary>
    public static OnnxModel Build(long opset, Func<GraphBuilder, Value> build)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", build(g));
        return g.Build();
    }

    /// <summary>An upgraded copy, whose graph has been verified.</summary>
    public static OnnxModel Upgrade(OnnxModel model, long version)
    {
        var upgraded = model.Clone();
        PassContexts.Run(upgraded, new UpgradeOpset(new UpgradeOpsetOptions { Version = version }));
        Assert.That(GraphVerifier.Verify(upgraded), Is.Empty, "the graph is sound");
        Assert.That(upgraded.Opset, Is.EqualTo(version));
        return upgraded;
    }

    /// <summary>Why the upgrade is refused; the model must be as it was.</summary>
    public static IReadOnlyList<string> Refusals(OnnxModel model, long version)
    {
        var before = ModelWriter.ToBytes(model);
        var e = Assert.Throws<DiagnosticException>(() => PassContexts.Run(model, new UpgradeOpset(new UpgradeOpsetOptions { Version = version })))!;
        Assert.That(ModelWriter.ToBytes(model), Is.EqualTo(before), "nothing was changed");
        Assert.That(e.Diagnostics.Select(diagnostic => diagnostic.Descriptor), Has.All.EqualTo(DiagnosticCatalog.OpsetNotUpgraded));
        return [.. e.Diagnostics.Select(diagnostic => diagnostic.Message)];
    }

    public static IEnumerable<string> Operators(OnnxModel model) => GraphWalker.Nodes(model).Where(node => !node.Is("Constant")).Select(node => node.OpType);
}
