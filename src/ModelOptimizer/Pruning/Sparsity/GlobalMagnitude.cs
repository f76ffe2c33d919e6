namespace ModelOptimizer.Pruning;

/// <summary>The magnitude up to which weights of all tensors go: as many as asked for, to the weight.</summary>
internal sealed class GlobalMagnitude
{
    /// <summary>Bits of a float that are looked at together; floats of one sign are in the order of their bits.</summary>
    private const int Half = 16;

    private readonly float _threshold;

    /// <summary>How many weights of just that magnitude still go: the first ones.</summary>
    private long _ties;

    private GlobalMagnitude(float threshold, long ties) => (_threshold, _ties) = (threshold, ties);

    /// <param name="weights">Finite ones.</param>
    public static GlobalMagnitude Of(IReadOnlyList<SparseWeight> weights, SparsityPattern pattern)
    {
        var gone = pattern.Gone(weights.Sum(weight => weight.Candidate.Content.ElementCount));
        if (gone == 0)
            return new(0, 0);
        var (upper, before) = Place(Count(weights, bits => bits >> Half), gone);
        var (lower, below) = Place(Count(weights, bits => bits >> Half == upper ? bits & ushort.MaxValue : null), gone - before);
        return new(BitConverter.UInt32BitsToSingle((uint)upper << Half | (uint)lower), gone - before - below);
    }

    /// <summary>True for those that go. To be asked tensor by tensor, each once.</summary>
    public bool[] Mask(float[] weights)
    {
        var gone = new bool[weights.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            var magnitude = MathF.Abs(weights[i]);
            gone[i] = magnitude < _threshold || (magnitude == _threshold && _ties-- > 0);
        }
        return gone;
    }

    private static long[] Count(IEnumerable<SparseWeight> weights, Func<uint, uint?> part)
    {
        var counts = new long[1 << Half];
        foreach (var weight in weights)
            foreach (var element in weight.Candidate.Content.AsSpan<float>())
                if (part(BitConverter.SingleToUInt32Bits(MathF.Abs(element))) is { } place)
                    counts[place]++;
        return counts;
    }

    /// <summary>The part that the so manieth number has, and how many have a smaller one.</summary>
    private static (int Part, long Before) Place(long[] counts, long gone)
    {
        var (part, before) = (0, 0L);
        while (before + counts[part] < gone)
            before += counts[part++];
        return (part, before);
    }
}
