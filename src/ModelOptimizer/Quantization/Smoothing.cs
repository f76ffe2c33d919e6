using System.Numerics.Tensors;
using ModelOptimizer.Calibration;

namespace ModelOptimizer.Quantization;

/// <summary>How far ranges move from an activation into the weights that it is multiplied with.</summary>
/// <param name="Alpha">0 moves as much as makes the weights even, 1 as much as makes the activation even.</param>
/// <param name="Factors">What each channel of the activation is divided by.</param>
/// <param name="Error">The squared error of the quantized products, as a part of that without smoothing; infinite where that was none,
/// undefined where no rows tell.</param>
internal sealed record SmoothingChoice(double Alpha, double[] Factors, double Error);

/// <summary>
/// Finds the factors s = max|x|^α / max|w|^(1−α) of SmoothQuant (Xiao et al., arXiv 2211.10438, equation 4) with the α that makes the smallest
/// error of the product, measured with uint8 activations and int8 weights, one scale for each output channel. The error of a row counts in relation to
/// its product: a few huge rows, which the next normalization makes small again, would decide alone otherwise.
/// </summary>
internal sealed class Smoothing
{
    /// <summary>Tried in steps of a tenth.</summary>
    private const int Steps = 10;

    private const int ActivationLevels = 255;
    private const int LargestWeightCode = 127;

    private readonly IReadOnlyList<ValueRange> _ranges;
    private readonly IReadOnlyList<float[]> _rows;
    private readonly IReadOnlyList<float[]> _weights;
    private readonly float[] _products;
    private readonly double[] _importance;
    private readonly double _unsmoothed;

    /// <param name="ranges">The ranges of the channels on other rows; empty where there are no rows.</param>
    /// <param name="rows">
    /// Rows [channels] of the activation on which errors are measured: others, so that clipping what the ranges don't hold counts. None where only a
    /// given α is asked for.
    /// </param>
    /// <param name="weights">Of all products, for each output channel its weights [channels].</param>
    public Smoothing(IReadOnlyList<ValueRange> ranges, IReadOnlyList<float[]> rows, IReadOnlyList<float[]> weights)
    {
        (_ranges, _rows, _weights) = (ranges, rows, weights);
        _products = new float[_rows.Count * weights.Count];
        Cores.For(0, weights.Count, output =>
        {
            for (var row = 0; row < _rows.Count; row++)
                _products[output * _rows.Count + row] = TensorPrimitives.Dot(_rows[row], _weights[output]);
        });
        _importance = [.. Enumerable.Range(0, _rows.Count).Select(Importance)];
        _unsmoothed = rows.Count == 0 ? double.NaN : Error([.. ranges.Select(_ => 1.0)]);
    }

    /// <summary>The best of all steps, the smaller α of equals.</summary>
    public SmoothingChoice Search()
    {
        var best = By(0);
        for (var step = 1; step <= Steps; step++)
            if (By((double)step / Steps) is var choice && choice.Error < best.Error)
                best = choice;
        return best;
    }

    /// <summary>What a given α does.</summary>
    public SmoothingChoice By(double alpha) => By(alpha, _ranges);

    /// <summary>What a given α does with factors by other ranges than those on which errors are measured.</summary>
    public SmoothingChoice By(double alpha, IReadOnlyList<ValueRange> ranges)
    {
        var factors = Factors(alpha, ranges);
        if (_rows.Count == 0)
            return new(alpha, factors, double.NaN);
        var error = Error(factors);
        return new(alpha, factors, error == _unsmoothed ? 1 : error / _unsmoothed);
    }

    /// <summary>1 for channels in which nothing can be moved.</summary>
    private double[] Factors(double alpha, IReadOnlyList<ValueRange> ranges)
    {
        var factors = new double[ranges.Count];
        for (var channel = 0; channel < factors.Length; channel++)
        {
            var activation = ranges[channel].Magnitude;
            var weight = _weights.Max(row => Math.Abs(row[channel]));
            var factor = Math.Pow(activation, alpha) / Math.Pow(weight, 1 - alpha);
            factors[channel] = activation > 0 && weight > 0 && double.IsNormal(factor) ? factor : 1;
        }
        return factors;
    }

    /// <summary>The sum of squared differences of the quantized products from the exact ones, in relation to those.</summary>
    public double Error(double[] factors)
    {
        var rows = RoundRows(factors);
        var errors = new double[_weights.Count];
        Cores.For(0, _weights.Count, output =>
        {
            var weights = RoundWeights(_weights[output], factors);
            for (var row = 0; row < rows.Length; row++)
            {
                var difference = TensorPrimitives.Dot(rows[row], weights) - _products[output * rows.Length + row];
                errors[output] += _importance[row] * difference * difference;
            }
        });
        return errors.Sum();
    }

    private double Importance(int row)
    {
        var square = 0.0;
        for (var output = 0; output < _weights.Count; output++)
            square += Math.Pow(_products[output * _rows.Count + row], 2);
        return square > 0 ? 1 / square : 0;
    }

    private float[][] RoundRows(double[] factors)
    {
        var low = Math.Min(0, _ranges.Select((range, channel) => range.Low / factors[channel]).Min());
        var high = Math.Max(0, _ranges.Select((range, channel) => range.High / factors[channel]).Max());
        var scale = (high - low) / ActivationLevels;
        if (scale == 0)
            return [.. _rows];
        var zero = Math.Round(-low / scale);
        return [.. _rows.Select(row => row.Select((element, channel) =>
            (float)((Math.Clamp(Math.Round(element / factors[channel] / scale) + zero, 0, ActivationLevels) - zero) * scale)).ToArray())];
    }

    private static float[] RoundWeights(float[] weights, double[] factors)
    {
        var scaled = weights.Select((weight, channel) => weight * factors[channel]).ToArray();
        var scale = scaled.Max(Math.Abs) / LargestWeightCode;
        return scale == 0 ? new float[weights.Length] : Array.ConvertAll(scaled, weight => (float)(Math.Round(weight / scale) * scale));
    }
}
