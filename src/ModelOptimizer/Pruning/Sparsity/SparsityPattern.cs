using System.Globalization;

namespace ModelOptimizer.Pruning;

/// <summary>How many of neighbouring weights of a row go: so many of each group of so many, or a share of all.</summary>
/// <param name="Share">The share of weights that become zero.</param>
/// <param name="Group">Neighbours that lose equally many; null where any may go.</param>
internal sealed record SparsityPattern(double Share, int? Group)
{
    /// <summary>Weights that go of a group.</summary>
    public int Gone(int count) => (int)Gone((long)count);

    /// <summary>Weights that go of so many.</summary>
    public long Gone(long count) => (long)(count * Share + 1e-9);

    /// <param name="pattern"><c>2:4</c>: of four neighbours two stay; null for a share of all.</param>
    public static SparsityPattern Of(string? pattern, double share)
    {
        if (pattern is null)
            return new(share, null);
        int[] numbers = [.. pattern.Split(':').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        return new(1 - (double)numbers[0] / numbers[1], numbers[1]);
    }

    public override string ToString() => Group is { } group ? $"{group - Gone(group)}:{group}" : $"{Share:0.#%}";
}
