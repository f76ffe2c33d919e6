using System.Numerics;
using System.Text.Json;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Nested JSON arrays as a tensor of the type that a model asks for.</summary>
internal static class JsonTensor
{
    public static bool CanHold(DataType type) => type is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bool
        or DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64
        or DataType.UInt8 or DataType.UInt16 or DataType.UInt32 or DataType.UInt64;

    /// <summary>Reads a number or nested arrays of numbers.</summary>
    /// <param name="rank">The rank wanted; an element of one axis less gets a leading axis of length 1. Null takes what comes.</param>
    /// <param name="reason">Why there is no tensor.</param>
    public static Tensor? Read(JsonElement element, DataType type, int? rank, out string reason)
    {
        var dimensions = Dimensions(element);
        var leaves = new List<JsonElement>();
        reason = Flatten(element, dimensions, 0, leaves) ?? "";
        if (reason.Length > 0)
            return null;
        if (rank == dimensions.Count + 1)
            dimensions.Insert(0, 1);
        var tensor = Create(type, dimensions, leaves, out var refused);
        if (tensor is null)
            reason = $"{refused} is no {type.ToOnnxName()}";
        return tensor;
    }

    private static List<long> Dimensions(JsonElement element)
    {
        var dimensions = new List<long>();
        for (; element.ValueKind == JsonValueKind.Array; element = element[0])
        {
            dimensions.Add(element.GetArrayLength());
            if (element.GetArrayLength() == 0)
                break;
        }
        return dimensions;
    }

    private static string? Flatten(JsonElement element, List<long> dimensions, int axis, List<JsonElement> leaves)
    {
        var isArray = element.ValueKind == JsonValueKind.Array;
        if (isArray != axis < dimensions.Count || (isArray && element.GetArrayLength() != dimensions[axis]))
            return $"the nested arrays are ragged at axis {Math.Min(axis, dimensions.Count - 1)}; pad them, or give each length its own line";
        if (!isArray)
            leaves.Add(element);
        else
            foreach (var child in element.EnumerateArray())
                if (Flatten(child, dimensions, axis + 1, leaves) is { } reason)
                    return reason;
        return null;
    }

    private static Tensor? Create(DataType type, List<long> dimensions, List<JsonElement> leaves, out JsonElement refused) => type switch
    {
        DataType.Float => Numbers<float>(type, dimensions, leaves, out refused),
        DataType.Double => Numbers<double>(type, dimensions, leaves, out refused),
        DataType.Float16 => Numbers<Half>(type, dimensions, leaves, out refused),
        DataType.Int8 => Numbers<sbyte>(type, dimensions, leaves, out refused),
        DataType.Int16 => Numbers<short>(type, dimensions, leaves, out refused),
        DataType.Int32 => Numbers<int>(type, dimensions, leaves, out refused),
        DataType.UInt8 => Numbers<byte>(type, dimensions, leaves, out refused),
        DataType.UInt16 => Numbers<ushort>(type, dimensions, leaves, out refused),
        DataType.UInt32 => Numbers<uint>(type, dimensions, leaves, out refused),
        DataType.UInt64 => Numbers<ulong>(type, dimensions, leaves, out refused),
        DataType.Bool => Booleans(dimensions, leaves, out refused),
        _ => Numbers<long>(type, dimensions, leaves, out refused),
    };

    private static Tensor? Numbers<T>(DataType type, List<long> dimensions, List<JsonElement> leaves, out JsonElement refused)
        where T : unmanaged, INumberBase<T>
    {
        var elements = new T[leaves.Count];
        for (var i = 0; i < elements.Length; i++)
            if (!TryRead(leaves[i], out elements[i]))
            {
                refused = leaves[i];
                return null;
            }
        refused = default;
        return Tensor.Create(type, [.. dimensions], elements);
    }

    private static bool TryRead<T>(JsonElement leaf, out T value) where T : unmanaged, INumberBase<T>
    {
        value = T.Zero;
        return leaf.ValueKind == JsonValueKind.Number
            && T.TryParse(leaf.GetRawText(), System.Globalization.CultureInfo.InvariantCulture, out value)
            && T.IsFinite(value);
    }

    private static Tensor? Booleans(List<long> dimensions, List<JsonElement> leaves, out JsonElement refused)
    {
        refused = leaves.Find(leaf => leaf.ValueKind is not (JsonValueKind.True or JsonValueKind.False));
        return refused.ValueKind != JsonValueKind.Undefined
            ? null
            : Tensor.Create(DataType.Bool, [.. dimensions], leaves.Select(leaf => leaf.GetBoolean()).ToArray());
    }
}
