using System;
using System.Security.Cryptography;

namespace ModelOptimizer.Tasks;

internal static class Digest
{
    /// <summary>SHA-256 as lower-case hex.</summary>
    public static string Of(byte[] bytes)
    {
        using var sha256 = SHA256.Create();
#pragma warning disable CA1308 // Digests are written in lower case.
        return BitConverter.ToString(sha256.ComputeHash(bytes)).Replace("-", "").ToLowerInvariant();
#pragma warning restore CA1308
    }
}
