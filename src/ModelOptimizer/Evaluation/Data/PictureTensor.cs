using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Writes pixels as a model wants them: channels, layout, normalization, element type.</summary>
internal static class PictureTensor
{
    /// <summary>The share of each color in the brightness that people see (ITU-R BT.601).</summary>
    private const float Red = 0.299f, Green = 0.587f, Blue = 0.114f;

    /// <summary>One picture, with a batch axis of one where the input has such an axis.</summary>
    public static Tensor Of(Picture picture, ImageForm form)
    {
        var (channels, area) = (form.ChannelCount, picture.Width * picture.Height);
        var values = new float[channels * area];
        for (var pixel = 0; pixel < area; pixel++)
            for (var channel = 0; channel < channels; channel++)
                values[form.Layout == ImageLayout.Nchw ? channel * area + pixel : pixel * channels + channel] =
                    Normalized(Channel(picture.Pixels.AsSpan(pixel * Picture.Channels, Picture.Channels), channel, form.Channels), channel, form);
        return Create(form.ElementType, Dimensions(picture, form), values);
    }

    private static float Channel(ReadOnlySpan<float> pixel, int channel, ImageChannels channels) => channels switch
    {
        ImageChannels.Rgb => pixel[channel],
        ImageChannels.Bgr => pixel[2 - channel],
        _ => Red * pixel[0] + Green * pixel[1] + Blue * pixel[2],
    };

    private static float Normalized(float value, int channel, ImageForm form) =>
        form.ElementType == DataType.UInt8 ? value : (value / form.DivideBy - form.Mean[channel]) / form.Std[channel];

    private static long[] Dimensions(Picture picture, ImageForm form)
    {
        long[] axes = form.Layout == ImageLayout.Nchw ? [form.ChannelCount, picture.Height, picture.Width] : [picture.Height, picture.Width, form.ChannelCount];
        return form.HasBatch ? [1, .. axes] : axes;
    }

    private static Tensor Create(DataType type, long[] dimensions, float[] values) => type switch
    {
        DataType.UInt8 => Tensor.Create(type, dimensions, Array.ConvertAll(values, value => (byte)Math.Clamp(MathF.Round(value), 0, 255))),
        DataType.Float16 => Tensor.Create(type, dimensions, Array.ConvertAll(values, value => (Half)value)),
        _ => Tensor.Create(type, dimensions, values),
    };
}
