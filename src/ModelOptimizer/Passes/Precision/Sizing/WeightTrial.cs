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

    /// <summary>So many channels show what an algorithm gains: none knows of another.</summary>
    internal const int SampledChannels = 128;

    private readonly WeightMatrix _matrix = new(weight.Content, channelAxis);
    private readonly WeightMatrix _sample = new WeightMatrix(weight.Content, channelAxis).Some(SampledChannels);
    private readonly Dictionary<WeightGrid, (WeightAlgorithm Algorithm, double Gain)> _best = [];
    private CodeJudge? _judge;
    private Tensor? _half;

    private (InputGram Inputs, ICodeChooser? Chooser)? Learned => learned is var (inputs, _) && inputs.Depth == _matrix.Depth ? learned : null;

    private CodeJudge? Judge => _judge ??= Learned is var (inputs, _) ? new CodeJudge(_sample, inputs.Judge) : null;

    /// <returns>Null when the weight is not finite.</returns>
    public SizedChoice? Try(WeightPlan plan, QuantizeWeightsOptions setting)
    {
        using var nearest = RoundToNearest.Quantize(_matrix, plan.Grid, plan.BlockSizeOf(_matrix));
        if (nearest is null)
            return null;
        if (!_best.TryGetValue(plan.Grid, out var best))
            best = _best[plan.Grid] = Best(plan.Grid, nearest.BlockSize);
        var local = best.Gain * WeighedError(_matrix, (c, row) => nearest.Restore(c, row));
        return new SizedChoice(setting with { Algorithm = best.Algorithm }, plan, plan.ByteCount(_matrix), local);
    }

    /// <summary>The weight in 16 bits.</summary>
    public SizedChoice Half(ScaledHalf half)
    {
        _half = half.Restore();
        var rounded = new WeightMatrix(_half, channelAxis);
        return SizedChoice.Half(half, WeighedError(_matrix, (c, row) => rounded.Read(c, 1, 0, row.Length, row)));
    }

    /// <summary>Errors as shares of what rounding everything to zero would cost.</summary>
    public IReadOnlyList<SizedChoice> Relative(IReadOnlyList<SizedChoice> choices)
    {
        using var nothing = QuantizedWeight.Blank(new WeightGrid(FineBits, true), _matrix, _matrix.Depth);
        var all = WeighedError(_matrix, (c, row) => nothing.Restore(c, row));
        return [.. choices.Select(choice => choice with { Error = all > 0 ? choice.Local / all : 0 })];
    }

    /// <summary>The weight as a choice makes it, in floats.</summary>
    public Tensor Rounded(SizedChoice choice)
    {
        if (choice.IsHalf)
            return _half!;
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
        using var nearest = RoundToNearest.Quantize(_sample, grid, blockSize)!;
        var (best, gain, plain) = (algorithms[0], double.PositiveInfinity, Error(nearest));
        foreach (var algorithm in algorithms.Where(algorithm => only || !algorithm.LearnsFromInputs || Learned is not null))
        {
            using var quantized = Quantize(_sample, grid, blockSize, algorithm);
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
    private double Error(QuantizedWeight quantized) => Judge?.Errors(quantized).Sum() ?? WeighedError(_sample, (c, row) => quantized.Restore(c, row));

    /// <summary>Squared errors, each counted by the mean square of its input where that is known.</summary>
    /// <param name="restore">Fills a row with a channel as it is rounded.</param>
    private double WeighedError(WeightMatrix matrix, Action<int, float[]> restore)
    {
        var (sums, depth) = (new double[matrix.Channels], matrix.Depth);
        var counts = Learned is var (inputs, _) ? Enumerable.Range(0, depth).Select(k => inputs.Judge[k * (depth + 1)]).ToArray() : null;
        using var held = matrix.Hold();
        Cores.For(0, sums.Length, c =>
        {
            var (missed, rounded) = (new float[depth], new float[depth]);
            matrix.Read(c, 1, 0, depth, missed);
            restore(c, rounded);
            TensorPrimitives.Subtract(missed, rounded, missed);
            if (counts is not null)
                TensorPrimitives.Multiply<float>(missed, counts, rounded);
            // Choices may hang on the last bit.
            sums[c] = CodeJudge.Dot(missed, counts is null ? missed : rounded);
        });
        return sums.Sum();
    }
}
