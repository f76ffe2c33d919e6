using System.Globalization;

namespace ModelOptimizer.Profiles;

/// <summary>Width and height of a picture in pixels, written <c>224</c> or <c>640x480</c>.</summary>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>More than any model takes.</summary>
    internal const int Largest = 16384;

    /// <summary>Reads one number for both sides, or two with an x between.</summary>
    public static bool TryParse(string text, out ImageSize size)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sides = text.Split('x').Select(side =>
            int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length is >= 1 and <= Largest ? length : 0).ToArray();
        size = new(sides[0], sides[^1]);
        return sides.Length <= 2 && Array.TrueForAll(sides, side => side > 0);
    }

    public override string ToString() => Width == Height ? $"{Width}" : $"{Width}x{Height}";
}
