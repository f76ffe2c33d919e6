using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>Reads the patches of a picture that a convolution multiplies by its weights, in the order of the weights.</summary>
internal sealed class PatchReader
{
    private readonly ConvolutionWindow _window;
    private readonly Tensor _value;
    private readonly int[] _lengths;
    private readonly int[] _places;
    private readonly int _inner;

    /// <param name="value">float32 [batch, channels, spatial axes].</param>
    public PatchReader(ConvolutionWindow window, Tensor value)
    {
        (_window, _value) = (window, value);
        _lengths = [.. value.Dimensions[2..].Select(length => (int)length)];
        _places = window.Places(_lengths);
        _inner = _lengths.Aggregate(1, (product, length) => product * length);
        Count = value.Dimensions[0] * _places.Aggregate(1L, (product, length) => product * length);
    }

    /// <summary>How many places the kernel has in all pictures of the batch.</summary>
    public long Count { get; }

    /// <summary>Elements of a patch.</summary>
    public int Width => checked((int)(_value.Dimensions[1] * _window.Kernel.Aggregate(1L, (product, length) => product * length)));

    /// <summary>For each input channel the elements under the kernel, zeros where it reaches over the edge.</summary>
    /// <param name="index">The place, counted through the batch.</param>
    public void Read(long index, Span<float> patch)
    {
        var channels = (int)_value.Dimensions[1];
        var elements = _value.AsSpan<float>();
        index = _window.Start(index, _places, _lengths, out var start);
        var kernel = _window.Offsets(start, _lengths);
        for (var i = 0; i < patch.Length; i++)
            patch[i] = kernel[i % kernel.Length] is >= 0 and var offset ? elements[(int)((index * channels + i / kernel.Length) * _inner + offset)] : 0;
    }
}
