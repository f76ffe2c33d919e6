namespace ModelOptimizer.Reporting;

/// <summary>What was left of the model after a step that gave up precision, so that it shows what each of them cost.</summary>
/// <param name="Pass">The pass; empty for the original.</param>
/// <param name="BeforeRecovery">Whether units are out, and no weights fitted anew yet.</param>
/// <param name="Flops">
/// Floating-point operations of products and convolutions in a usual run: a batch of one, 64 positions, pictures of 224 × 224 where the model leaves
/// sizes open. Null behind passes that quantize.
/// </param>
/// <param name="Metrics">
/// On the data of <c>evaluate:</c>, against the original. Empty behind passes that lose nothing, and where the model can't be run as it is half way.
/// </param>
public sealed record StepReport(string Pass, bool BeforeRecovery, long Bytes, long Parameters, double? Flops, IReadOnlyList<MetricReport> Metrics);
