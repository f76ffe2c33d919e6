using System.Buffers;
using System.Numerics.Tensors;
using ModelOptimizer.Quantization;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// One weight, rounded in several ways. Blocks of all sizes are rounded to nearest, where errors hardly know of each other, so that each counts by
/// the mean square of its input alone; what a slower algorithm gains on the nearest codes is found once for as many bits, by whole errors of
/// the layer's output in some of its channels, and taken for blocks of all sizes.
/// </summary>
/// <param name="weight">Of float32, float16 or bfloat16.</param>
/// <param name="algorithms">To choose the best of, the quickest first.</param>
/// <param name="learned">What is known of the weight's inputs.</param>
internal sealed class WeightTrial(
    WeightCandidate weight, int channelAxis, IReadOnlyList<WeightAlgorithm> algorithms, (InputGram Inputs, ICodeChooser? Chooser)? learned)
{
    /// <summary>So many bits are fine enough for the nearest codes.</summary>
    private const int FineBits = 8;

    /// <summary>Channels read together: of weights [depth, channels] one alone would touch everything.</summary>
    private const int TileChannels = 64;

    /// <summary>Weights of a channel read together: a constant that is no weight may be one channel as a whole. Whole vectors.</summary>
    internal const int TileDepth = 1 << 16;

    /// <summary>So many channels show what an algorithm gains: none knows of another.</summary>
    internal const int SampledChannels = 128;

    private readonly WeightMatrix _matrix = new(weight.Content, channelAxis);
    private readonly Dictionary<WeightGrid, (WeightAlgorithm Algorithm, double Gain)> _best = [];
    private WeightMatrix? _sample;
    private CodeJudge? _judge;
    private ScaledHalf? _half;

    private (InputGram Inputs, ICodeChooser? Chooser)? Learned => learned is var (inputs, _) && inputs.Depth == _matrix.Depth ? learned : null;

    private WeightMatrix Sample => _sample ??= _matrix.Some(SampledChannels);

    private CodeJudge? Judge => _judge ??= Learned is var (inputs, _) ? new CodeJudge(Sample, inputs.Judge) : null;

    /// <returns>Null when the weight is not finite.</returns>
    public SizedChoice? Try(WeightPlan plan, QuantizeWeightsOptions setting)
    {
        using var nearest = RoundToNearest.Quantize(_matrix, plan.Grid, plan.BlockSizeOf(_matrix));
        if (nearest is null)
            return null;
        if (!_best.TryGetValue(plan.Grid, out var best))
            best = _best[plan.Grid] = Best(plan.Grid, nearest.BlockSize);
        var local = best.Gain * WeighedError(_matrix, Rows(nearest));
        return new SizedChoice(setting with { Algorithm = best.Algorithm }, plan, plan.ByteCount(_matrix), local);
    }

    /// <summary>The weight in 16 bits.</summary>
    public SizedChoice Half(ScaledHalf half)
    {
        _half = half;
        // Without factors what is stored says it all: in float32 it would lie in memory a second time.
        var rounded = new WeightMatrix(half.Factor is null ? half.Rounded.Content : half.Restore(), channelAxis);
        using var held = rounded.Hold();
        return SizedChoice.Half(half, WeighedError(_matrix, (first, channels, start, rows) =>
            rounded.Read(first, channels, start, rows.Length / channels, rows)));
    }

    /// <summary>Errors as shares of what rounding everything to zero would cost.</summary>
    public IReadOnlyList<SizedChoice> Relative(IReadOnlyList<SizedChoice> choices)
    {
        var all = WeighedError(_matrix, (_, _, _, rows) => rows.Clear());
        return [.. choices.Select(choice => choice with { Error = all > 0 ? choice.Local / all : 0 })];
    }

    /// <summary>The weight as a choice makes it, in floats.</summary>
    public Tensor Rounded(SizedChoice choice)
    {
        if (choice.IsHalf)
            return _half!.Restore();
        using var quantized = Quantize(_matrix, choice.Plan!.Grid, choice.Plan.BlockSizeOf(_matrix), choice.Setting!.Algorithm)!;
        var rounded = new float[weight.Content.ElementCount];
        var (inner, channels) = (_matrix.Inner, _matrix.Channels);
        Cores.For(0, channels, c =>
        {
            var row = new float[_matrix.Depth];
            quantized.Restore(c, row);
            for (var k = 0; k < row.Length; k++)
                rounded[(k / inner * channels + c) * inner + k % inner] = row[k];
        });
        return Tensor.Create([.. weight.Content.Dimensions], rounded);
    }

    /// <summary>The algorithm of the least error with these bits, and that error as a share of what the nearest codes have.</summary>
    private (WeightAlgorithm, double) Best(WeightGrid grid, int blockSize)
    {
        var only = algorithms.Count == 1;
        if (!only && grid.Bits >= FineBits)
            return (WeightAlgorithm.RoundToNearest, 1);
        using var nearest = RoundToNearest.Quantize(Sample, grid, blockSize)!;
        var (best, gain, plain) = (algorithms[0], double.PositiveInfinity, Error(nearest));
        foreach (var algorithm in algorithms.Where(algorithm => only || !algorithm.LearnsFromInputs || Learned is not null))
        {
            using var quantized = Quantize(Sample, grid, blockSize, algorithm);
            if (quantized is not null && (plain > 0 ? Error(quantized) / plain : 1) is var share && share < gain)
                (best, gain) = (algorithm, share);
        }
        return (best, gain);
    }

    private QuantizedWeight? Quantize(WeightMatrix matrix, WeightGrid grid, int blockSize, WeightAlgorithm algorithm) =>
        algorithm.LearnsFromInputs && Learned is var (inputs, chooser)
        ? algorithm.Quantize(matrix, grid, blockSize, inputs, chooser)
        : algorithm.Quantize(matrix, grid, blockSize);

    /// <summary>Of the channels that were picked.</summary>
    private double Error(QuantizedWeight quantized) => Judge?.Errors(quantized).Sum() ?? WeighedError(Sample, Rows(quantized));

    /// <summary>Squared errors, each counted by the mean square of its input where that is known.</summary>
    /// <param name="restore">Gives weights as they are rounded.</param>
    private double WeighedError(WeightMatrix matrix, Restore restore)
    {
        var (sums, depth) = (new double[matrix.Channels], matrix.Depth);
        var counts = Learned is var (inputs, _) ? Enumerable.Range(0, depth).Select(k => inputs.Judge[k * (depth + 1)]).ToArray() : null;
        using var held = matrix.Hold();
        Cores.For(0, Cores.Parts(sums.Length, TileChannels), tile =>
        {
            var first = tile * TileChannels;
            var (channels, length) = (Math.Min(TileChannels, sums.Length - first), Math.Min(TileDepth, depth));
            // Tiles come by the thousand, and each is too large to be collected soon.
            var buffer = ArrayPool<float>.Shared.Rent(2 * channels * length);
            var missed = buffer.AsSpan(0, channels * length);
            var rounded = buffer.AsSpan(channels * length, channels * length);
            var dots = new DotProduct[channels];
            for (var start = 0; start < depth; start += length)
            {
                var size = Math.Min(length, depth - start);
                var part = channels * size;
                matrix.Read(first, channels, start, size, missed[..part]);
                restore(first, channels, start, rounded[..part]);
                TensorPrimitives.Subtract(missed[..part], rounded[..part], missed);
                for (var c = 0; c < channels; c++)
                {
                    var row = missed.Slice(c * size, size);
                    var weighed = rounded.Slice(c * size, size);
                    if (counts is not null)
                        TensorPrimitives.Multiply(row, counts.AsSpan(start, size), weighed);
                    // Choices may hang on the last bit.
                    dots[c].Add(row, counts is null ? row : weighed);
                }
            }
            ArrayPool<float>.Shared.Return(buffer);
            for (var c = 0; c < channels; c++)
                sums[first + c] = dots[c].Sum;
        });
        return sums.Sum();
    }

    private static Restore Rows(QuantizedWeight quantized) => (first, channels, start, rows) =>
    {
        var length = rows.Length / channels;
        for (var c = 0; c < channels; c++)
            quantized.Restore(first + c, start, rows.Slice(c * length, length));
    };

    /// <summary>Gives weights of neighbouring channels, channel by channel.</summary>
    /// <param name="start">Where in each channel they begin; there are as many as <paramref name="rows"/> takes.</param>
    private delegate void Restore(int first, int channels, int start, Span<float> rows);
}
