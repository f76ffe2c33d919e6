namespace ModelOptimizer.Reporting;

/// <summary>How much noise each value of the original carries in the result, along the graph, on one sample.</summary>
/// <param name="Samples">Runs that both models were compared on: far fewer than metrics are measured on.</param>
/// <param name="Values">Floating-point values that the original's main graph computes, without those that only move elements.</param>
/// <param name="Compared">Those that something in the result stands for, in order of execution.</param>
public sealed record TraceReport(int Samples, int Values, IReadOnlyList<TracedValueReport> Compared);

/// <param name="Value">Its name in the original.</param>
/// <param name="Node">The original's node that makes it, operator and name.</param>
/// <param name="Sqnr">Signal to noise in dB, as computed; Infinity when equal, -Infinity when not finite.</param>
/// <param name="SqnrRounded">The same as quantized for its readers; null when they read it as it is.</param>
public sealed record TracedValueReport(string Value, string Node, double Sqnr, double? SqnrRounded)
{
    /// <summary>What its readers see.</summary>
    internal double Seen => SqnrRounded ?? Sqnr;
}
