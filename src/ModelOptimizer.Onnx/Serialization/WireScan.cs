using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Steps over the top-level fields of a message that does not parse.</summary>
internal static class WireScan
{
    /// <summary>True when all fields are a model's own and the last of them is missing its end.</summary>
    public static bool EndsInsideField(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            if (!TryReadVarint(ref message, out var tag))
                return true;
            if (ModelProto.Descriptor.FindFieldByNumber((int)(tag >> 3)) is null)
                return false;
            if (!TryReadVarint(ref message, out var value))
                return true;
            if (WireFormat.GetTagWireType((uint)tag) != WireFormat.WireType.LengthDelimited)
                continue;
            if (value > (ulong)message.Length)
                return true;
            message = message[(int)value..];
        }
        return false;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(bytes.Length, 10); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80)
                continue;
            bytes = bytes[(i + 1)..];
            return true;
        }
        return false;
    }
}
