using System.Numerics.Tensors;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>A constant on a grid, with one scale for all of it or one for each channel.</summary>
/// <param name="Codes">In the shape of the constant.</param>
/// <param name="Scales">One, or one for each channel.</param>
/// <param name="Axis">The axis of the channels; null for one scale.</param>
internal sealed record AffineTensor(Tensor Codes, AffineScale[] Scales, int? Axis)
{
    /// <summary>Rounds each element to the nearest code.</summary>
    /// <param name="content">Finite float32 elements.</param>
    /// <param name="axis">The axis that has a scale for each of its indices; null for one scale.</param>
    /// <param name="givenScales">For each channel the scale to take, or 0 for the finest that covers it; null where none is given.</param>
    public static AffineTensor Quantize(Tensor content, int? axis, AffineGrid grid, float[]? givenScales = null)
    {
        var layout = ChannelLayout.Of(content, axis);
        var scales = FitChannels(content.AsSpan<float>(), layout, grid);
        for (var c = 0; c < scales.Length && givenScales is not null; c++)
            if (givenScales[c] > 0)
                scales[c] = scales[c] with { Scale = givenScales[c] };
        return new AffineTensor(RoundAll(content, layout, grid, scales), scales, axis);
    }

    /// <summary>The scales that <see cref="Quantize"/> gives where none is given.</summary>
    public static AffineScale[] Fit(Tensor content, int? axis, AffineGrid grid) => FitChannels(content.AsSpan<float>(), ChannelLayout.Of(content, axis), grid);

    /// <summary>Scales as a constant of DequantizeLinear has them: a scalar or [channels].</summary>
    public Tensor ScaleTensor() => Tensor.Create(Axis is null ? [] : [Scales.Length], [.. Scales.Select(scale => scale.Scale)]);

    /// <summary>Zero points in the shape of the scales.</summary>
    public Tensor ZeroPointTensor() => ZeroPoints.Create(Codes.ElementType, Axis is null ? [] : [Scales.Length], [.. Scales.Select(scale => scale.ZeroPoint)]);

    private static AffineScale[] FitChannels(ReadOnlySpan<float> elements, ChannelLayout layout, AffineGrid grid)
    {
        var ranges = new ValueRange[layout.Channels];
        for (var run = 0; run < layout.Outer * layout.Channels; run++)
        {
            var part = elements.Slice(run * layout.Inner, layout.Inner);
            var found = new ValueRange(TensorPrimitives.Min(part), TensorPrimitives.Max(part));
            ref var range = ref ranges[run % layout.Channels];
            range = run < layout.Channels ? found : new(MathF.Min(range.Low, found.Low), MathF.Max(range.High, found.High));
        }
        return Array.ConvertAll(ranges, grid.Fit);
    }

    private static Tensor RoundAll(Tensor content, ChannelLayout layout, AffineGrid grid, AffineScale[] scales) => grid.IsWide
        ? Tensor.Create(grid.Type, content.Dimensions.AsSpan(), RoundAll(content.AsSpan<float>(), layout, grid, scales, code => unchecked((ushort)code)))
        : Tensor.Create(grid.Type, content.Dimensions.AsSpan(), RoundAll(content.AsSpan<float>(), layout, grid, scales, code => unchecked((byte)code)));

    private static T[] RoundAll<T>(ReadOnlySpan<float> elements, ChannelLayout layout, AffineGrid grid, AffineScale[] scales, Func<int, T> store)
    {
        var codes = new T[elements.Length];
        for (var i = 0; i < elements.Length; i++)
            codes[i] = store(grid.Code(elements[i], scales[i / layout.Inner % layout.Channels]));
        return codes;
    }
}

/// <summary>A tensor seen as [outer, channels, inner].</summary>
internal readonly record struct ChannelLayout(int Outer, int Channels, int Inner)
{
    public static ChannelLayout Of(Tensor tensor, int? axis)
    {
        if (axis is not { } at)
            return new(1, 1, checked((int)tensor.ElementCount));
        return new(Product(tensor.Dimensions.Take(at)), (int)tensor.Dimensions[at], Product(tensor.Dimensions.Skip(at + 1)));
    }

    private static int Product(IEnumerable<long> lengths) => checked((int)lengths.Aggregate(1L, (product, length) => product * length));
}

/// <summary>Zero points as constants.</summary>
internal static class ZeroPoints
{
    /// <summary>The only one, or that of the first channel.</summary>
    public static int First(Tensor points) => points.ElementType switch
    {
        DataType.Int8 => points.AsSpan<sbyte>()[0],
        DataType.UInt8 => points.AsSpan<byte>()[0],
        DataType.Int16 => points.AsSpan<short>()[0],
        _ => points.AsSpan<ushort>()[0],
    };

    public static Tensor Create(DataType type, ReadOnlySpan<long> dimensions, int[] points) => type switch
    {
        DataType.Int16 or DataType.UInt16 => Tensor.Create(type, dimensions, Array.ConvertAll(points, point => unchecked((ushort)point))),
        _ => Tensor.Create(type, dimensions, Array.ConvertAll(points, point => unchecked((byte)point))),
    };
}
