using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>The codes of a layer, rounded anew.</summary>
internal sealed class LayerRounding
{
    /// <summary>The largest sum of two neighbouring codes of equal sign that no activations clip, on CPUs without VNNI.</summary>
    private const int SafeSum = 128;

    private readonly QuantizedProduct _product;
    private readonly float[] _weights;
    private readonly int[] _before;
    private readonly int[] _after;
    private readonly (int Low, int High) _range;
    private readonly bool _keepsSums;

    /// <param name="rows">Inputs of all groups.</param>
    public LayerRounding(QuantizedProduct product, IReadOnlyList<float[]> rows)
    {
        _product = product;
        _weights = product.Original.Content.AsSpan<float>().ToArray();
        _before = IntegerCodes.Read(product.Weight.Codes);
        _after = (int[])_before.Clone();
        _range = (_before.Min(), _before.Max());
        var (channels, groups) = (product.Original.Layout.Outputs, product.Original.Layout.Groups);
        _keepsSums = Enumerable.Range(0, channels).All(channel => Sums(channel) <= SafeSum);
        var errors = new (double Before, double After)[channels];
        for (var group = 0; group < groups; group++)
        {
            var rounding = new AdaptiveRounding(Slice(rows, group, groups));
            IsDamped |= rounding.IsDamped;
            Cores.For(group * (channels / groups), (group + 1) * (channels / groups), channel => errors[channel] = Round(channel, rounding));
        }
        Changed = _before.Zip(_after).Count(pair => pair.First != pair.Second);
        ErrorLeft = errors.Sum(error => error.After) / Math.Max(double.Epsilon, errors.Sum(error => error.Before));
    }

    public Tensor Codes => IntegerCodes.Write(_product.Weight.Codes, _after);

    /// <summary>How many codes changed.</summary>
    public int Changed { get; }

    /// <summary>The squared error of the outputs, as a part of what it was, on inputs that had no say.</summary>
    public double ErrorLeft { get; }

    public bool IsDamped { get; }

    private (double Before, double After) Round(int channel, AdaptiveRounding rounding)
    {
        var weight = _product.Weight;
        var places = IntegerCodes.Places(weight.Codes, weight.ChannelAxis, channel);
        var original = IntegerCodes.Places(_product.Original.Content, _product.Original.Layout.RowsAreOutputs ? 0 : 1, channel);
        var (scale, zero) = (weight.Scales[channel % weight.Scales.Length], weight.ZeroPoints[channel % weight.ZeroPoints.Length]);
        var codes = Array.ConvertAll(places, place => _before[place]);
        var targets = Array.ConvertAll(original, place => _weights[place] * _product.WeightFactor / scale + zero);
        var before = rounding.Error(Errors(codes, targets)) * scale * scale;
        if (!rounding.Improve(targets, codes, (k, code) => Allows(codes, zero, k, code)))
            return (before, before);
        for (var k = 0; k < places.Length; k++)
            _after[places[k]] = codes[k];
        return (before, rounding.Error(Errors(codes, targets)) * scale * scale);
    }

    private static float[] Errors(int[] codes, float[] targets) => [.. codes.Zip(targets, (code, target) => code - target)];

    /// <summary>Within the codes that the weight had, and with no sum that could overflow where none could.</summary>
    private bool Allows(int[] codes, int zero, int k, int code)
    {
        if (code < _range.Low || code > _range.High)
            return false;
        // Both of a pair may move, so the neighbour counts as if it moved too.
        return !_keepsSums || (k ^ 1) >= codes.Length || Math.Abs(code - zero) + Math.Abs(codes[k ^ 1] - zero) + 1 <= SafeSum
            || (code - zero) * (codes[k ^ 1] - zero) < 0;
    }

    private int Sums(int channel)
    {
        var places = IntegerCodes.Places(_product.Weight.Codes, _product.Weight.ChannelAxis, channel);
        var zero = _product.Weight.ZeroPoints[channel % _product.Weight.ZeroPoints.Length];
        var largest = 0;
        for (var k = 0; k + 1 < places.Length; k += 2)
        {
            var (first, second) = (_before[places[k]] - zero, _before[places[k + 1]] - zero);
            largest = Math.Max(largest, (long)first * second > 0 ? Math.Abs(first + second) : Math.Max(Math.Abs(first), Math.Abs(second)));
        }
        return largest;
    }

    private static IReadOnlyList<float[]> Slice(IReadOnlyList<float[]> rows, int group, int groups)
    {
        if (groups == 1)
            return rows;
        var depth = rows[0].Length / groups;
        return [.. rows.Select(row => row[(group * depth)..((group + 1) * depth)])];
    }
}
