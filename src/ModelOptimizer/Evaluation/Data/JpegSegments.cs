using System.Buffers.Binary;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Walks through a JPEG from mark to mark (ITU-T T.81, annex B).</summary>
internal static class JpegSegments
{
    private const byte Start = 0xD8, End = 0xD9, Temporary = 0x01;

    /// <summary>
    /// True when a JPEG has no end mark: the decoder would fill up with gray. What follows the mark, such as the film of a motion photo, is none of
    /// it.
    /// </summary>
    public static bool IsCut(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, Start]))
            return false;
        var at = 2;
        while (NextMark(bytes, ref at) is { } mark)
        {
            if (mark == End)
                return false;
            // A segment may hold pictures of its own, which have end marks, too.
            if (mark is not (Start or Temporary))
                at += at + 2 <= bytes.Length ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) : 2;
        }
        return true;
    }

    /// <summary>Goes on behind the next mark. Coded pixels have a 0 behind each FF, and restart marks between them.</summary>
    private static byte? NextMark(ReadOnlySpan<byte> bytes, ref int at)
    {
        while (at < bytes.Length)
        {
            var found = bytes[at..].IndexOf((byte)0xFF);
            at = found < 0 ? bytes.Length : at + found + 1;
            while (at < bytes.Length && bytes[at] == 0xFF)
                at++;
            if (at < bytes.Length && bytes[at++] is var mark and not (0 or (>= 0xD0 and <= 0xD7)))
                return mark;
        }
        return null;
    }
}
