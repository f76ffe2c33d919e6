using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Counts, for one node on the codes of its activations, the results with a 16-bit sum that clips on x86 CPUs without VNNI.</summary>
internal sealed class SaturationCount
{
    /// <summary>Pairs looked at, or codes gathered, for a node and a sample at most: rows are then spread over the sample.</summary>
    private const long MostWork = 1 << 18;

    /// <summary>
    /// Rows without an event from which on it is rare: with 95% confidence less than 1% have one, the rule of three (Hanley and Lippman-Hand,
    /// "If nothing goes wrong, is everything all right?", JAMA 249, 1983). Its rows are independent, neighbours are not quite: this is the least.
    /// </summary>
    public const int FewestRows = 300;

    /// <summary>Rows of a sample that are counted whatever their work is, so that all samples together are enough.</summary>
    private const int FewestOfSample = (FewestRows + SaturationWarning.Samples - 1) / SaturationWarning.Samples;

    private readonly WeightSaturation _weights;
    private readonly ConvolutionWindow? _window;
    private readonly byte _zero;
    private readonly int _groups;

    private SaturationCount(WeightSaturation weights, Node dequantize)
    {
        var node = weights.Node;
        (_weights, Codes, _groups) = (weights, dequantize.Input(0)!, (int)node.Attributes.GetInt("group", 1));
        _window = node.Is("Conv") ? ConvolutionWindow.Of(node, node.Input(1)!.Producer!.Input(0)!.Constant!) : null;
        _zero = dequantize.Input(2)?.Constant is { } zeroPoint ? (byte)ZeroPoints.First(zeroPoint) : (byte)0;
    }

    public WeightSaturation Weights => _weights;

    /// <summary>The uint8 codes that the node multiplies.</summary>
    public Value Codes { get; }

    /// <summary>Results computed.</summary>
    public long Results { get; private set; }

    /// <summary>Those of them that hold a sum that clips.</summary>
    public long Clipped { get; private set; }

    /// <summary>Rows of activations, or places of a convolution, that were counted on.</summary>
    public long Rows { get; private set; }

    /// <summary>Those that the samples have.</summary>
    public long AllRows { get; private set; }

    /// <summary>Whether an overflow that was not met is rare on the samples: nothing was left out, or enough was seen.</summary>
    public bool IsEnough => Rows == AllRows || Rows >= FewestRows;

    /// <summary>Null for a node whose rows are not read here: stacks of matrices, and operands that are turned over first.</summary>
    public static SaturationCount? Of(WeightSaturation weights)
    {
        var node = weights.Node;
        if (node.Input(0)?.Producer is not { OpType: "DequantizeLinear" } dequantize || dequantize.Input(0) is not { Constant: null })
            return null;
        var isMatrix = node.Is("MatMul", "Gemm") && node.Input(1)!.Producer!.Input(0)!.Constant!.Dimensions.Length == 2
            && node.Attributes.GetInt("transA", 0) == 0;
        return isMatrix || node.Is("Conv") ? new(weights, dequantize) : null;
    }

    /// <param name="codes">uint8 [..., depth], or [batch, channels, spatial axes] of a convolution.</param>
    public void Observe(Tensor codes)
    {
        if (codes.ElementType != DataType.UInt8 || codes.ElementCount == 0)
            return;
        if (_window is not null)
            ObservePicture(codes, _window);
        else if (codes.Dimensions[^1] == _weights.Depth)
            foreach (var row in Spread(codes.ElementCount / _weights.Depth))
                Count(codes.AsSpan<byte>().Slice((int)row * _weights.Depth, _weights.Depth), 0, 1);
    }

    private void ObservePicture(Tensor codes, ConvolutionWindow window)
    {
        if (codes.Dimensions.Length != window.Kernel.Length + 2)
            return;
        var lengths = codes.Dimensions[2..].Select(length => (int)length).ToArray();
        var places = window.Places(lengths);
        var patch = new byte[_weights.Depth];
        foreach (var place in Spread(codes.Dimensions[0] * places.Aggregate(1L, (product, length) => product * length)))
        {
            var batch = window.Start(place, places, lengths, out var start);
            var offsets = window.Offsets(start, lengths);
            for (var group = 0; group < _groups; group++)
            {
                Gather(codes, (int)batch, group, offsets, patch);
                Count(patch, group, _groups);
            }
        }
    }

    /// <summary>What lies under the kernel, channels first; over the edge there are zeros.</summary>
    private void Gather(Tensor codes, int batch, int group, int[] offsets, byte[] patch)
    {
        var (channels, all) = (patch.Length / offsets.Length, (int)codes.Dimensions[1]);
        var inner = (int)(codes.ElementCount / (codes.Dimensions[0] * all));
        var elements = codes.AsSpan<byte>();
        for (var i = 0; i < patch.Length; i++)
            patch[i] = offsets[i / channels] is >= 0 and var offset ? elements[(batch * all + group * channels + i % channels) * inner + offset] : _zero;
    }

    /// <summary>
    /// Numbers of rows, as many as the work allows, and not the first, which is often unlike all others: a token that starts the text or the edge of
    /// a picture.
    /// </summary>
    private IEnumerable<long> Spread(long rows)
    {
        var work = Math.Max(_weights.Pairs.Count, (long)_weights.Depth * _groups);
        var count = Math.Min(rows, Math.Max(FewestOfSample, MostWork / work));
        (Rows, AllRows) = (Rows + count, AllRows + rows);
        return EvenPick.Of(rows, count);
    }

    private void Count(ReadOnlySpan<byte> row, int group, int groups)
    {
        var (width, last) = (_weights.Channels / groups, -1);
        Results += width;
        foreach (var pair in PairsOf(group, width))
            if (pair.Channel != last && pair.Clips(row))
            {
                last = pair.Channel;
                Clipped++;
            }
    }

    private ReadOnlySpan<RiskyPair> PairsOf(int group, int width)
    {
        var pairs = System.Runtime.InteropServices.CollectionsMarshal.AsSpan((List<RiskyPair>)_weights.Pairs);
        if (_groups == 1)
            return pairs;
        var (start, end) = (FirstOf(pairs, group * width), FirstOf(pairs, (group + 1) * width));
        return pairs[start..end];
    }

    /// <summary>The first pair of a channel or of one behind it.</summary>
    private static int FirstOf(ReadOnlySpan<RiskyPair> pairs, int channel)
    {
        var (low, high) = (0, pairs.Length);
        while (low < high)
            if (pairs[(low + high) / 2].Channel < channel)
                low = (low + high) / 2 + 1;
            else
                high = (low + high) / 2;
        return low;
    }
}

/// <summary>The counts of all nodes that multiply the same codes.</summary>
internal sealed class SaturationCounts(IReadOnlyList<SaturationCount> counts) : Calibration.IObserver<SaturationCounts>
{
    public bool IsOrderFree => true;

    public void Observe(Tensor value)
    {
        foreach (var count in counts)
            count.Observe(value);
    }

    /// <summary>Never needed: one observer sees all samples.</summary>
    public void Merge(SaturationCounts later) => throw new NotSupportedException();
}
