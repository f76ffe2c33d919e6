using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>What is said of how a budget was spent.</summary>
public sealed class SizeReporterTests
{
    /// <summary>However little of the budget was thought to be left when the choice was made.</summary>
    [TestCase(10_000, 1)]
    [TestCase(3_000, 0)]
    public void The_gap_is_to_all_that_the_budget_has_room_for(long budget, double gap)
    {
        var g = new GraphBuilder();
        var content = Tensor.Create([32, 32], new float[32 * 32]);
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 1, 32), g.Weight("w", content)));
        var weight = HalfWeights.Find(g.Build()).Single();
        var codes = new SizedChoice(new QuantizeWeightsOptions(), null, 1024, 1) { Error = 1 };
        var sized = new SizedWeight(weight.Value, "w", [SizedChoice.Float(content), codes], []);
        var estimate = new SizeEstimate([sized], plainBytes: 5000);
        var taken = new SizeCandidate("chosen", [1], 2500);

        var report = new SizeReporter([sized], estimate, "error", new HashSet<Value>()).Report("quantize-weights", budget, taken, [taken], 0, false);

        Assert.That(report.Gap, Is.EqualTo(gap));
    }
}
