namespace ModelOptimizer.Passes;

/// <summary>The factors between one layer of weights and those that read it.</summary>
internal sealed class WeightBalance
{
    /// <summary>In powers of two. More than the half that rounding leaves, so that a balance stays when it is reached.</summary>
    private const double SmallestStep = 0.51;

    private readonly WeightRanges _source;
    private readonly List<WeightRanges> _readers;

    public WeightBalance(ScaledReaders found, Func<WeightedNode, WeightRanges> ranges)
    {
        Found = found;
        Factors = [.. Enumerable.Repeat(1.0, found.Channels)];
        _source = ranges(found.Source.Linear!);
        _readers = [.. found.Readers.Select(ranges)];
        _source.Add(found.Source.Linear!.Bias()!);
        foreach (var operand in found.Source.Operands)
            _source.Add(operand.Elements);
    }

    public ScaledReaders Found { get; }

    /// <summary>What the channels are multiplied by.</summary>
    public double[] Factors { get; }

    /// <summary>Moves factors so that both sides have equal ranges.</summary>
    /// <returns>False when they already had.</returns>
    public bool Step()
    {
        var before = _source.OfOutputs();
        var after = _readers.Select(reader => reader.OfInputs()).ToList();
        var moved = false;
        for (var channel = 0; channel < Factors.Length; channel++)
        {
            var step = Math.Log2(after.Max(ranges => ranges[channel]) / before[channel]) / 2;
            // A channel without weights on either side has no range to balance.
            if (!double.IsFinite(step) || Math.Abs(step) < SmallestStep)
                continue;
            Scale(channel, Math.ScaleB(1, (int)Math.Round(step)));
            moved = true;
        }
        return moved;
    }

    private void Scale(int channel, double factor)
    {
        Factors[channel] *= factor;
        _source.ScaleOutput(channel, factor);
        foreach (var reader in _readers)
            reader.ScaleInput(channel, 1 / factor);
    }
}
