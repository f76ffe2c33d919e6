using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>What a pipeline made of a model.</summary>
/// <param name="Effect">What its passes may do to the numbers.</param>
/// <param name="Latency">Time as a share of the original's under the runtime's full optimization: lower quartile, median, upper quartile.</param>
internal sealed record PipelineResult(
    string Pipeline, ModelUnderTest Test, ModelSummary Before, ModelSummary After, long BytesBefore, long BytesAfter, NumericEffect Effect, Deviation Deviation,
    (double Low, double Median, double High) Latency)
{
    public static PipelineResult Measure(ModelUnderTest test, string name, params IReadOnlyList<IGraphPass> passes)
    {
        var model = test.Original.Clone();
        ModelUnderTest.Apply(model, passes);
        return new PipelineResult(name, test, ModelSummary.Of(test.Original), ModelSummary.Of(model), FileBytes(test.Original), FileBytes(model), passes.Max(pass => pass.Effect),
            ModelUnderTest.Deviation(test.Answers(test.Original), test.Answers(model)), Time(test, model));
    }

    public bool IsWithinEffect => Deviation.IsWithin(Effect);

    /// <summary>The operators whose number changed, by name: before and after.</summary>
    public IEnumerable<(string Operator, int Before, int After)> Changes()
    {
        var (before, after) = (Before.Operators.ToDictionary(), After.Operators.ToDictionary());
        return before.Keys.Union(after.Keys).Order(StringComparer.Ordinal)
            .Select(name => (name, before.GetValueOrDefault(name), after.GetValueOrDefault(name)))
            .Where(change => change.Item2 != change.Item3);
    }

    /// <summary>The size of one file with everything in it.</summary>
    private static long FileBytes(OnnxModel model)
    {
        var path = Path.GetTempFileName();
        try
        {
            ModelWriter.Save(model, path, new SaveOptions { ExternalData = ExternalDataMode.Never });
            return new FileInfo(path).Length;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (double Low, double Median, double High) Time(ModelUnderTest test, OnnxModel model)
    {
        using var original = ModelRunner.Open(ModelUnderTest.Engine, test.Original, "original");
        using var result = ModelRunner.Open(ModelUnderTest.Engine, model, "result");
        var ratios = LatencyComparison.Ratios(original, result, test.Samples, CancellationToken.None);
        return (LatencyComparison.Quantile(ratios, 0.25), LatencyComparison.Quantile(ratios, 0.5), LatencyComparison.Quantile(ratios, 0.75));
    }
}
