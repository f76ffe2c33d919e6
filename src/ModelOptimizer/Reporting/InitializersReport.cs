namespace ModelOptimizer.Reporting;

/// <summary>Where the bytes are: constants of the original, and what became of them.</summary>
/// <param name="Before">Bytes of all constants of the original.</param>
/// <param name="After">Bytes of all constants of the result.</param>
/// <param name="Largest">The largest ones, by the larger of both sizes; what is missing to the sums is all others.</param>
public sealed record InitializersReport(long Before, long After, IReadOnlyList<InitializerReport> Largest);

/// <param name="Name">An initializer, or the output of a Constant node.</param>
/// <param name="Type">Element type and shape: the original's, or the result's where the original has no such constant.</param>
/// <param name="Operator">An operator that reads it.</param>
/// <param name="Before">Bytes in the original; 0 where it came in later.</param>
/// <param name="After">Bytes of all that stands for it in the result, scales included; null when nothing there bears its name.</param>
public sealed record InitializerReport(string Name, string Type, string Operator, long Before, long? After);
