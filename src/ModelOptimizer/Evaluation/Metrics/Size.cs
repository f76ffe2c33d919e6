using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Bytes of the model file and its external data.</summary>
internal sealed class Size : FileMetric
{
    public override MetricDeclaration Declaration { get; } = new("size", MetricUnit.Bytes, HigherIsBetter: false,
        "Size of the model with its external data.") { HasOriginal = true, IsCost = true };

    public override double Of(SavedModel model) => model.Bytes;
}

/// <summary>The candidate's bytes as a share of the original's.</summary>
internal sealed class SizeRatio : FileRatioMetric
{
    public override MetricDeclaration Declaration { get; } = new("size-ratio", MetricUnit.Ratio, HigherIsBetter: false,
        "Size as a share of the original's size.") { IsCost = true };

    public override double Of(SavedModel original, SavedModel candidate) => (double)candidate.Bytes / original.Bytes;
}

/// <summary>Bytes after Brotli (RFC 7932): what a download or a compressed resource costs.</summary>
internal sealed class CompressedSize : FileMetric
{
    public override MetricDeclaration Declaration { get; } = new("compressed-size", MetricUnit.Bytes, HigherIsBetter: false,
        "Size after Brotli compression.") { HasOriginal = true, IsCost = true };

    public override double Of(SavedModel model) => model.CompressedBytes;
}
