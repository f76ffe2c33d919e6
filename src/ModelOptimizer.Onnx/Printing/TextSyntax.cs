using System.Globalization;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>The words of ONNX text syntax: names, literals and types.</summary>
internal static class TextSyntax
{
    /// <summary>An identifier as it is, anything else in quotes.</summary>
    public static string Name(string name) => IsIdentifier(name) || name.Length == 0 ? name : Quote(name);

    public static string Quote(string text) => '"' + text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal) + '"';

    public static string Number(float value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Opsets(IEnumerable<OperatorSetIdProto> imports) =>
        $"[{string.Join(", ", imports.Select(import => $"\"{import.Domain}\" : {import.Version}"))}]";

    public static string Properties(IEnumerable<StringStringEntryProto> entries) =>
        $"[{string.Join(", ", entries.Select(entry => $"{Quote(entry.Key)} : {Quote(entry.Value)}"))}]";

    /// <summary>A declaration: <c>float[N,3] x</c>, or the name alone when the type is not declared.</summary>
    public static string Declaration(ValueInfoProto info) => Type(info.Type) is { Length: > 0 } type ? $"{type} {Name(info.Name)}" : Name(info.Name);

    /// <summary>An unknown rank is written <c>float[]</c>, a scalar <c>float</c>.</summary>
    public static string Type(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.TensorType => Tensor(type.TensorType.ElemType, type.TensorType.Shape),
        TypeProto.ValueOneofCase.SparseTensorType => $"sparse_tensor({Tensor(type.SparseTensorType.ElemType, type.SparseTensorType.Shape)})",
        TypeProto.ValueOneofCase.SequenceType => $"seq({Type(type.SequenceType.ElemType)})",
        TypeProto.ValueOneofCase.OptionalType => $"optional({Type(type.OptionalType.ElemType)})",
        TypeProto.ValueOneofCase.MapType => $"map({ElementType(type.MapType.KeyType)}, {Type(type.MapType.ValueType)})",
        _ => "",
    };

    public static string Tensor(int elementType, IEnumerable<long> dims) => Tensor(elementType, Shape.Of(dims));

    private static string Tensor(int elementType, TensorShapeProto? shape) =>
        shape is null ? $"{ElementType(elementType)}[]" : Tensor(elementType, ProtoTypes.ToShape(shape));

    private static string Tensor(int elementType, Shape? shape) => ElementType(elementType) + (shape is { Rank: > 0 } ? shape.ToString() : "");

    private static string ElementType(int type) => ((DataType)type).ToOnnxName();

    private static bool IsIdentifier(string name) => name.Length > 0
        && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
