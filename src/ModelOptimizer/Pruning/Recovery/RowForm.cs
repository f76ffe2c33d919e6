using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>How a tensor is seen as rows, one for each place that a layer computes at.</summary>
internal abstract record RowForm
{
    /// <summary>Whether the tensor has such rows.</summary>
    public abstract bool Fits(Tensor value);

    public abstract long Count(Tensor value);

    public abstract int RowWidth(Tensor value);

    /// <summary>Reads some rows one behind the other.</summary>
    public abstract void Read(Tensor value, IEnumerable<long> places, Span<float> rows);
}

/// <summary>Rows along the last axis: what matrix products read and make.</summary>
internal sealed record MatrixRows : RowForm
{
    public override bool Fits(Tensor value) => value.Dimensions.Length > 0;

    public override long Count(Tensor value) => value.ElementCount / value.Dimensions[^1];

    public override int RowWidth(Tensor value) => (int)value.Dimensions[^1];

    public override void Read(Tensor value, IEnumerable<long> places, Span<float> rows)
    {
        var elements = value.AsSpan<float>();
        var width = RowWidth(value);
        foreach (var place in places)
        {
            elements.Slice((int)place * width, width).CopyTo(rows);
            rows = rows[width..];
        }
    }
}

/// <summary>The patches that a convolution reads.</summary>
internal sealed record PatchRows(ConvolutionWindow Window) : RowForm
{
    public override bool Fits(Tensor value) => value.Dimensions.Length == Window.Kernel.Length + 2;

    public override long Count(Tensor value) => new PatchReader(Window, value).Count;

    public override int RowWidth(Tensor value) => new PatchReader(Window, value).Width;

    public override void Read(Tensor value, IEnumerable<long> places, Span<float> rows)
    {
        var reader = new PatchReader(Window, value);
        foreach (var place in places)
        {
            reader.Read(place, rows[..reader.Width]);
            rows = rows[reader.Width..];
        }
    }
}

/// <summary>All channels, axis 1, at each place of a picture: what a convolution makes of a patch.</summary>
internal sealed record ChannelRows : RowForm
{
    public override bool Fits(Tensor value) => value.Dimensions.Length > 1;

    public override long Count(Tensor value) => value.ElementCount / value.Dimensions[1];

    public override int RowWidth(Tensor value) => (int)value.Dimensions[1];

    public override void Read(Tensor value, IEnumerable<long> places, Span<float> rows)
    {
        var elements = value.AsSpan<float>();
        var width = RowWidth(value);
        var inner = (int)(value.ElementCount / value.Dimensions[0] / width);
        foreach (var place in places)
        {
            var (picture, at) = Math.DivRem((int)place, inner);
            for (var channel = 0; channel < width; channel++)
                rows[channel] = elements[(picture * width + channel) * inner + at];
            rows = rows[width..];
        }
    }
}

/// <summary>What a transposed convolution whose kernel is as large as its step makes of each place of a picture: a block of every channel.</summary>
internal sealed record BlockRows(int Height, int Width) : RowForm
{
    public override bool Fits(Tensor value) => value.Dimensions.Length == 4;

    public override long Count(Tensor value) => value.Dimensions[0] * Down(value) * Across(value);

    public override int RowWidth(Tensor value) => (int)value.Dimensions[1] * Height * Width;

    public override void Read(Tensor value, IEnumerable<long> places, Span<float> rows)
    {
        var elements = value.AsSpan<float>();
        var (channels, down, across) = ((int)value.Dimensions[1], Down(value), Across(value));
        var (lines, line) = ((int)value.Dimensions[2], (int)value.Dimensions[3]);
        foreach (var place in places)
        {
            var (picture, at) = Math.DivRem((int)place, down * across);
            var (top, left) = (at / across * Height, at % across * Width);
            for (var channel = 0; channel < channels; channel++)
                for (var y = 0; y < Height; y++)
                {
                    elements.Slice(((picture * channels + channel) * lines + top + y) * line + left, Width).CopyTo(rows);
                    rows = rows[Width..];
                }
        }
    }

    private int Down(Tensor value) => (int)value.Dimensions[2] / Height;

    private int Across(Tensor value) => (int)value.Dimensions[3] / Width;
}
