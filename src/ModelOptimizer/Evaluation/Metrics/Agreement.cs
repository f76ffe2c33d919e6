using System.Buffers;
using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// Share of places where original and candidate decide alike: the same largest element along the last axis, or, for integers and
/// truth values, which are decisions already, the same element.
/// </summary>
internal sealed class Agreement : ComparisonMetric
{
    public override MetricDeclaration Declaration { get; } = new("agreement", MetricUnit.Rate, HigherIsBetter: true,
        "Share of rows where original and result have the same best guess.");

    public override bool AppliesTo(DataType output) => OutputElements.CanRead(output);

    public override IComparison Start() => new Share();

    private sealed class Share : IComparison
    {
        private long _alike;
        private long _places;

        public double Result => _places == 0 ? double.NaN : (double)_alike / _places;

        public void Add(OutputPair pair)
        {
            var isDecision = OutputElements.IsDiscrete(pair.Expected.ElementType) || pair.Expected.Dimensions.Length == 0;
            var width = isDecision ? 1 : checked((int)pair.Expected.Dimensions[^1]);
            if (width == 0)
                return;
            var buffer = ArrayPool<double>.Shared.Rent(2 * width);
            var x = buffer.AsSpan(0, width);
            var y = buffer.AsSpan(width, width);
            for (var start = 0L; start < pair.Expected.ElementCount; start += width, _places++)
                _alike += Decide(pair.Expected, start, x) == Decide(pair.Actual, start, y) ? 1 : 0;
            ArrayPool<double>.Shared.Return(buffer);
        }

        /// <summary>The index of the largest of several elements, the value of a single one.</summary>
        private static double Decide(Tensor tensor, long start, Span<double> buffer)
        {
            OutputElements.Read(tensor, start, buffer);
            return buffer.Length == 1 ? buffer[0] : TensorPrimitives.IndexOfMax<double>(buffer);
        }
    }
}
