using System.Security.Cryptography;
using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Caching;

/// <summary>Contents by their digest.</summary>
internal static class Blob
{
    public static bool IsName(string? name) => name is { Length: 64 } && name.All(char.IsAsciiHexDigitLower);

    /// <summary>Copies to the end, and digests on the way.</summary>
    /// <param name="limit">Bytes to copy at most; one more tells that there are more.</param>
    public static Digest Copy(Stream source, Stream target, long limit = long.MaxValue - 1) => Copy(source, part => target.Write(part.Span), limit);

    /// <inheritdoc cref="Copy(Stream, Stream, long)"/>
    public static Digest Copy(Stream source, Action<ReadOnlyMemory<byte>> write, long limit = long.MaxValue - 1)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        var size = 0L;
        while (size <= limit && source.Read(buffer) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            write(buffer.AsMemory(0, read));
            size += read;
        }
        return new() { Hash = Convert.ToHexStringLower(hash.GetHashAndReset()), SizeBytes = size };
    }
}
