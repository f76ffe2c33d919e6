namespace ModelOptimizer.Quantization;

/// <summary>The weights of one output channel on their way to better codes.</summary>
internal sealed class RoundedChannel
{
    /// <summary>Among more weights, pairs would take long to look through and bring little: single codes leave a small sum.</summary>
    private const int MostForPairs = 1024;

    /// <summary>ρ: how much of the variance of a channel the elements of a window have in common, since neighbours are alike.</summary>
    private const double Likeness = 0.5;

    private readonly AffineGrid _grid;
    private readonly int _window;
    private readonly double[] _errors;
    private readonly double[] _means;
    private readonly double[] _spreads;
    private readonly double[] _sums;
    private double _shift;

    /// <param name="weights">In the order of channels, each with all of its window.</param>
    /// <param name="codes">Of 8 bits, to start from.</param>
    /// <param name="means">μ of each input channel.</param>
    /// <param name="spreads">σ² of each input channel.</param>
    public RoundedChannel(
        ReadOnlySpan<float> weights, ReadOnlySpan<byte> codes, AffineScale scale, AffineGrid grid,
        ReadOnlySpan<double> means, ReadOnlySpan<double> spreads)
    {
        (_grid, Codes) = (grid, codes.ToArray());
        (_errors, _means, _spreads) = (new double[codes.Length], new double[codes.Length], new double[codes.Length]);
        (_window, _sums) = (codes.Length / means.Length, new double[means.Length]);
        for (var i = 0; i < codes.Length; i++)
        {
            _errors[i] = Read(codes[i]) - scale.ZeroPoint - (double)(weights[i] / scale.Scale);
            (_means[i], _spreads[i]) = (means[i / _window], spreads[i / _window]);
            _shift += _means[i] * _errors[i];
            _sums[i / _window] += _errors[i];
            Objective += (1 - Likeness) * _spreads[i] * _errors[i] * _errors[i];
        }
        Objective += _shift * _shift;
        for (var c = 0; c < spreads.Length; c++)
            Objective += Likeness * spreads[c] * _sums[c] * _sums[c];
    }

    public byte[] Codes { get; }

    /// <summary>(Σ μ·e)² + Σ σ²·(ρ·(Σ e of a window)² + (1 − ρ)·Σ e²), in squared steps.</summary>
    public double Objective { get; private set; }

    /// <summary>Turns codes to their other neighbour, one or two at a time, as long as that lessens the objective.</summary>
    public void Improve()
    {
        // Each turn has to bring a little: rounding errors of sums could go round in circles.
        for (var least = 1e-9 * Objective; ;)
        {
            var (first, second, gain) = BestSingle(least);
            if (first < 0 && Codes.Length <= MostForPairs)
                (first, second, gain) = BestPair(least);
            if (first < 0)
                return;
            Turn(first);
            if (second >= 0)
                Turn(second);
            Objective -= gain;
        }
    }

    private (int First, int Second, double Gain) BestSingle(double least)
    {
        var best = (First: -1, Second: -1, Gain: least);
        for (var i = 0; i < _errors.Length; i++)
            if (CanTurn(i) && Gain(Step(i) * _means[i], Cost(i)) is var gain && gain > best.Gain)
                best = (i, -1, gain);
        return best;
    }

    private (int First, int Second, double Gain) BestPair(double least)
    {
        var turning = Enumerable.Range(0, _errors.Length).Where(CanTurn).Select(i => (Index: i, Move: Step(i) * _means[i], Cost: Cost(i))).ToArray();
        var best = (First: -1, Second: -1, Gain: least);
        for (var i = 0; i < turning.Length; i++)
            for (var j = i + 1; j < turning.Length; j++)
                if (GainOf(turning[i], turning[j]) is var gain && gain > best.Gain)
                    best = (turning[i].Index, turning[j].Index, gain);
        return best;

        double GainOf((int Index, double Move, double Cost) one, (int Index, double Move, double Cost) other) =>
            Gain(one.Move + other.Move, one.Cost + other.Cost + Joint(one.Index, other.Index));
    }

    private double Gain(double move, double cost) => -move * (2 * _shift + move) - cost;

    /// <summary>What turning adds to the part of the spreads.</summary>
    private double Cost(int i) =>
        _spreads[i] * ((1 - Likeness) * (1 - 2 * Math.Abs(_errors[i])) + Likeness * (1 + 2 * Step(i) * _sums[i / _window]));

    /// <summary>What turning both adds to it beyond what each adds.</summary>
    private double Joint(int i, int j) => i / _window == j / _window ? 2 * Likeness * _spreads[i] * Step(i) * Step(j) : 0;

    private int Step(int i) => _errors[i] > 0 ? -1 : 1;

    /// <summary>What was cut off at the ends of the grid has only one neighbour, which is farther; zeros stay zero.</summary>
    private bool CanTurn(int i) =>
        _errors[i] != 0 && Math.Abs(_errors[i]) < 1 && Read(Codes[i]) + Step(i) is var turned && turned >= _grid.Low && turned <= _grid.High;

    private void Turn(int i)
    {
        var step = Step(i);
        _errors[i] += step;
        _shift += step * _means[i];
        _sums[i / _window] += step;
        Codes[i] = unchecked((byte)(Codes[i] + step));
    }

    private int Read(byte code) => _grid.IsSigned ? unchecked((sbyte)code) : code;
}
