using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Tensors as literals: <c>float[2] {1, 2}</c>.</summary>
internal static class TensorPrinter
{
    private const int MaximumElements = 16;
    private const int DigestBytes = 8;

    public static string Print(TensorProto proto) =>
        $"{TextSyntax.Tensor(proto.DataType, proto.Dims)} {(proto.Name.Length > 0 ? $"{TextSyntax.Name(proto.Name)} = " : "")}{{{Content(proto)}}}";

    /// <summary>Values at their indices, with the dense shape.</summary>
    public static string Print(SparseTensorProto proto) => $"sparse_tensor({TextSyntax.Tensor(proto.Values.DataType, proto.Dims)}) "
        + $"{TextSyntax.Name(proto.Values.Name)} = {{{Content(proto.Values)}}} at {{{Content(proto.Indices)}}}";

    private static string Content(TensorProto proto)
    {
        var tensor = new InlineTensor(proto);
        return tensor.ElementCount <= MaximumElements && Elements(tensor) is { } elements ? string.Join(", ", elements) : Digest(tensor);
    }

    private static IEnumerable<string>? Elements(Tensor tensor) => tensor.ElementType switch
    {
        DataType.String => tensor.Strings.Select(text => TextSyntax.Quote(Encoding.UTF8.GetString(text.Span))),
        DataType.Double => Array.ConvertAll(tensor.AsSpan<double>().ToArray(), TextSyntax.Number),
        DataType.UInt64 => Array.ConvertAll(tensor.AsSpan<ulong>().ToArray(), v => v.ToString(CultureInfo.InvariantCulture)),
        DataType.Complex64 or DataType.Complex128 => null,
        { } type when type.IsFloatingPoint() => Array.ConvertAll(tensor.ToFloats(), TextSyntax.Number),
        _ => Array.ConvertAll(tensor.ToInt64s(), v => v.ToString(CultureInfo.InvariantCulture)),
    };

    private static string Digest(InlineTensor tensor)
    {
        using var sha = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, sha, CryptoStreamMode.Write))
            tensor.CopyTo(stream);
        return $"... {tensor.ByteCount} bytes, sha256 {Convert.ToHexStringLower(sha.Hash.AsSpan(0, DigestBytes))}";
    }
}
