using ModelOptimizer.Onnx;

namespace ModelOptimizer.Embedding;

/// <summary>Names of ONNX Runtime's C# API as generated code writes them.</summary>
internal static class OrtTypes
{
    private const string Root = "global::Microsoft.ML.OnnxRuntime";

    public const string Session = $"{Root}.InferenceSession";
    public const string SessionOptions = $"{Root}.SessionOptions";
    public const string RunOptions = $"{Root}.RunOptions";
    public const string Value = $"{Root}.OrtValue";
    public const string Allocator = $"{Root}.OrtAllocator.DefaultInstance";
    public const string ElementType = $"{Root}.Tensors.TensorElementType";
    public const string Collection = $"{Root}.IDisposableReadOnlyCollection<{Value}>";

    /// <summary>The C# type whose arrays ONNX Runtime takes for tensors of an element type; null where it has none.</summary>
    public static string? CSharp(DataType type) => type switch
    {
        DataType.Float => "float",
        DataType.Double => "double",
        DataType.Int8 => "sbyte",
        DataType.UInt8 => "byte",
        DataType.Int16 => "short",
        DataType.UInt16 => "ushort",
        DataType.Int32 => "int",
        DataType.UInt32 => "uint",
        DataType.Int64 => "long",
        DataType.UInt64 => "ulong",
        DataType.Bool => "bool",
        DataType.String => "string",
        DataType.Float16 => $"{Root}.Float16",
        DataType.BFloat16 => $"{Root}.BFloat16",
        _ => null,
    };

    /// <summary>Why an input or output is passed as a value of ONNX Runtime, in words.</summary>
    public static string WhyOpaque(TensorType? type) =>
        type is null ? "no plain tensor, and so a value of ONNX Runtime" : $"{type}, for which ONNX Runtime has no C# type, and so a value of it";
}
