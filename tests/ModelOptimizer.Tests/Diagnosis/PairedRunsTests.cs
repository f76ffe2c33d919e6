using ModelOptimizer.Diagnosis;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Mixed;

namespace ModelOptimizer.Tests.Diagnosis;

public sealed class PairedRunsTests
{
    private const int Width = PlantedModel.Width;

    /// <summary>Twelve values of 192 bytes, each in two forms.</summary>
    [TestCase(PairedRuns.Ceiling, 1)]
    [TestCase(5 * 2 * Width * sizeof(float), 3)]
    [TestCase(1, 12)]
    public void Values_are_looked_at_together_as_far_as_memory_goes(long limit, int runs)
    {
        var model = PlantedModel.Chain(6, []);
        foreach (var (i, value) in model.Graph.MadeValues.Index().Where(pair => pair.Item.Name.Length == 0))
            value.Name = $"value{i}";
        var candidate = model.Clone();
        using var folder = new DataFolder();
        var engine = new HoldingEngine();
        var data = new DataSet([PlantedModel.WriteData(folder)], DataRequest.For(model) with { Limit = 2 });
        var matches = new ValueMatcher(model, candidate).Match();
        var seen = new List<int>();

        new PairedRuns(engine, model, candidate, data, default) { Limit = limit }.Run(matches, (i, x, y, _) =>
        {
            seen.Add(i);
            Assert.That(y!.ToFloats(), Is.EqualTo(x!.ToFloats()));
        });

        Assert.That(matches, Has.Count.EqualTo(12));
        Assert.That(engine.Outputs, Has.Count.EqualTo(2 * runs), "a session for either model");
        Assert.That(seen.Distinct(), Is.EquivalentTo(Enumerable.Range(0, 12)));
    }
}
