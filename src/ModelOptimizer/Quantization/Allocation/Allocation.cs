namespace ModelOptimizer.Quantization;

/// <summary>One way to store a thing: what it takes and what it costs.</summary>
/// <param name="Bytes">Its size, not negative.</param>
/// <param name="Error">What it adds to the whole error, not negative; +∞ for what must never be chosen.</param>
internal readonly record struct StorageChoice(long Bytes, double Error);

/// <summary>One choice for each thing.</summary>
/// <param name="Chosen">By thing: the index of its choice.</param>
/// <param name="Bytes">All of them together.</param>
/// <param name="Error">All of them together.</param>
/// <param name="Bound">No allocation of so many bytes has a smaller error than this.</param>
internal sealed record Allocation(IReadOnlyList<int> Chosen, long Bytes, double Error, double Bound)
{
    /// <summary>The share of the error that a better allocation could save at most; 0 when there is none better.</summary>
    public double Gap => GapOf(Error, Bound);

    /// <summary>The same for an error that came about otherwise.</summary>
    public static double GapOf(double error, double bound) => error > bound ? (error - bound) / error : 0;
}
