using System.Buffers;

namespace ModelOptimizer.Onnx;

/// <summary>A field of a message.</summary>
/// <param name="Tag">Number and wire type.</param>
/// <param name="Start">Where its tag begins.</param>
/// <param name="Content">Where its content begins.</param>
/// <param name="End">Behind it.</param>
internal readonly record struct WireField(ulong Tag, int Start, int Content, int End)
{
    private const int LengthDelimited = 2;

    public int Length => End - Content;

    /// <summary>Whether it is a message, or bytes, of that number.</summary>
    public bool Is(int number) => Tag == TagOf(number);

    public static ulong TagOf(int number) => ((ulong)number << 3) | LengthDelimited;
}

/// <summary>Steps over the fields of a message without reading what is in them.</summary>
internal static class WireFields
{
    private const int MaxVarint = 10;

    /// <returns>Null for what is no message, or has groups, which are long out of use.</returns>
    public static List<WireField>? Of(ReadOnlySpan<byte> bytes, int start, int end)
    {
        var fields = new List<WireField>();
        for (var at = start; at < end;)
        {
            var begin = at;
            if (!TryRead(bytes, ref at, end, out var tag))
                return null;
            var content = at;
            long length;
            switch (tag & 7)
            {
                case 0 when TryRead(bytes, ref at, end, out _):
                    length = at - content;
                    break;
                case 1:
                    length = sizeof(long);
                    break;
                case 2 when TryRead(bytes, ref at, end, out var bytesOf) && bytesOf <= int.MaxValue:
                    (content, length) = (at, (long)bytesOf);
                    break;
                case 5:
                    length = sizeof(int);
                    break;
                default:
                    return null;
            }
            if (length > end - content)
                return null;
            at = content + (int)length;
            fields.Add(new(tag, begin, content, at));
        }
        return fields;
    }

    /// <summary>Writes a message, or bytes, as a field.</summary>
    public static void Write(IBufferWriter<byte> target, int number, ReadOnlySpan<byte> content)
    {
        WriteVarint(target, WireField.TagOf(number));
        WriteVarint(target, (ulong)content.Length);
        target.Write(content);
    }

    private static void WriteVarint(IBufferWriter<byte> target, ulong value)
    {
        var bytes = target.GetSpan(MaxVarint);
        var count = 0;
        for (; value >= 0x80; value >>= 7)
            bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        target.Advance(count);
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, ref int at, int end, out ulong value)
    {
        value = 0;
        for (var i = 0; i < MaxVarint && at < end; i++)
        {
            var part = bytes[at++];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
                return true;
        }
        return false;
    }
}
