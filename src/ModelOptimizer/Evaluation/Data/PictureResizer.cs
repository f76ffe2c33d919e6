using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Resizes with a triangle filter that widens when it shrinks, as the common picture libraries' antialiased bilinear does: each new pixel is a weighted
/// mean of all those it covers. Float arithmetic in a fixed order, so that the result is equal everywhere.
/// </summary>
internal static class PictureResizer
{
    /// <summary>Brings a picture to a size.</summary>
    /// <param name="fill">The value of padded pixels.</param>
    public static Picture Fit(Picture picture, ImageSize size, ImageResize policy, float fill)
    {
        if (policy == ImageResize.Stretch)
            return Scale(picture, size.Width, size.Height);
        var (byWidth, byHeight) = ((double)size.Width / picture.Width, (double)size.Height / picture.Height);
        var scale = policy == ImageResize.Crop ? Math.Max(byWidth, byHeight) : Math.Min(byWidth, byHeight);
        return Center(Scale(picture, Side(picture.Width, scale), Side(picture.Height, scale)), size, fill);
    }

    /// <summary>Resizes both sides, one after the other.</summary>
    public static Picture Scale(Picture picture, int width, int height)
    {
        var wide = width == picture.Width ? picture.Pixels : Resample(picture.Pixels, picture.Height, picture.Width, width, Picture.Channels);
        // Seen as rows of whole lines, the other side is resized alike.
        var both = height == picture.Height ? wide : Resample(wide, 1, picture.Height, height, width * Picture.Channels);
        return new(width, height, both);
    }

    private static int Side(int length, double scale) => Math.Max(1, (int)Math.Round(length * scale, MidpointRounding.ToEven));

    /// <summary>Changes the length of the middle axis of [outer, length, inner].</summary>
    private static float[] Resample(float[] source, int outer, int length, int newLength, int inner)
    {
        var result = new float[outer * newLength * inner];
        var scale = (double)length / newLength;
        var support = Math.Max(1, scale);
        for (var i = 0; i < newLength; i++)
        {
            var center = (i + 0.5) * scale;
            var (first, last) = (Math.Max(0, (int)(center - support + 0.5)), Math.Min(length, (int)(center + support + 0.5)));
            var weights = Weights(first, last, center, support);
            for (var o = 0; o < outer; o++)
                Accumulate(source.AsSpan((o * length + first) * inner), weights, result.AsSpan((o * newLength + i) * inner, inner));
        }
        return result;
    }

    private static float[] Weights(int first, int last, double center, double support)
    {
        var weights = Enumerable.Range(first, last - first).Select(at => Math.Max(0, 1 - Math.Abs((at + 0.5 - center) / support))).ToArray();
        var sum = weights.Sum();
        return Array.ConvertAll(weights, weight => (float)(weight / sum));
    }

    private static void Accumulate(ReadOnlySpan<float> source, float[] weights, Span<float> result)
    {
        for (var k = 0; k < weights.Length; k++)
            for (var j = 0; j < result.Length; j++)
                result[j] += weights[k] * source[k * result.Length + j];
    }

    /// <summary>Cuts or pads evenly on both sides.</summary>
    private static Picture Center(Picture picture, ImageSize size, float fill)
    {
        if (picture.Width == size.Width && picture.Height == size.Height)
            return picture;
        var result = new float[size.Width * size.Height * Picture.Channels];
        Array.Fill(result, fill);
        var (left, top) = ((size.Width - picture.Width) / 2, (size.Height - picture.Height) / 2);
        var (from, to) = (Math.Max(0, left), Math.Min(size.Width, left + picture.Width));
        for (var y = Math.Max(0, top); y < Math.Min(size.Height, top + picture.Height); y++)
            picture.Pixels.AsSpan(((y - top) * picture.Width + from - left) * Picture.Channels, (to - from) * Picture.Channels)
                .CopyTo(result.AsSpan((y * size.Width + from) * Picture.Channels));
        return new(size.Width, size.Height, result);
    }
}
