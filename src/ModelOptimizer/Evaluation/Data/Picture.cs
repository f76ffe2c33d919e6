using ModelOptimizer.Diagnostics;
using StbImageSharp;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Pixels as red, green and blue of 0 to 255, row by row.</summary>
internal sealed record Picture(int Width, int Height, float[] Pixels)
{
    public const int Channels = 3;

    /// <summary>Reads a JPEG, PNG or BMP in managed code: the same pixels on every machine. Transparency is dropped; orientation marks are not heeded.</summary>
    /// <exception cref="DiagnosticException">The file is no picture that can be read.</exception>
    public static Picture Load(string path)
    {
        var bytes = Unreadable.Guard(path, null, () => File.ReadAllBytes(path));
        if (JpegSegments.IsCut(bytes))
            throw Unusable(path, "it ends too early");
        try
        {
            var image = ImageResult.FromMemory(bytes, ColorComponents.RedGreenBlue);
            return new(image.Width, image.Height, Array.ConvertAll(image.Data, value => (float)value));
        }
#pragma warning disable CA1031 // The decoder throws what its arrays throw where a file is cut or forged.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            throw Unusable(path, e.Message.TrimEnd('.'));
        }
    }

    private static DiagnosticException Unusable(string path, string reason) => new(DiagnosticCatalog.ImageUnreadable,
        $"The picture can't be read: {reason}. JPEG, PNG and BMP are known; open it in an editor and save it anew", new SourceLocation(path));
}
