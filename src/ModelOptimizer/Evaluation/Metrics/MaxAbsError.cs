using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>max |x − y| over all elements of all samples, in the output's own unit.</summary>
internal sealed class MaxAbsError : ComparisonMetric
{
    public override MetricDeclaration Declaration { get; } = new("max-abs-error", MetricUnit.Number, HigherIsBetter: false,
        "Largest absolute difference of any output element.");

    public override bool AppliesTo(DataType output) => OutputElements.IsReal(output);

    public override IComparison Start() => new Maximum();

    private sealed class Maximum : IComparison
    {
        public double Result { get; private set; }

        public void Add(OutputPair pair)
        {
            // Math.Max hands NaN on.
            foreach (var sums in pair.Sums)
                Result = Math.Max(Result, sums.NonFinite > 0 ? double.NaN : sums.MaxAbsError);
        }
    }
}
