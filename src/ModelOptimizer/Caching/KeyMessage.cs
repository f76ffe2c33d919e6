using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ModelOptimizer.Caching;

/// <summary>What a key is made of: named values in order, each with its length, so that no two lists read alike.</summary>
internal sealed class KeyMessage
{
    private readonly StringBuilder _text = new();

    public KeyMessage Add(string name, string value)
    {
        _text.Append(CultureInfo.InvariantCulture, $"{name} {value.Length}:{value}\n");
        return this;
    }

    /// <summary>SHA-256 in lower-case hex.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_text.ToString())));
}
