using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>What LayerNormalization and RMSNormalization ask of their operands.</summary>
internal static class Normalization
{
    /// <summary>What may be a scale or bias. A residual, which has the input's rank, is none.</summary>
    public static Capture Parameter() => new(value => value.Constant is { Dimensions.Length: > 0 } || value.Type?.Shape?.Rank == 1);

    /// <summary>Why a value of this type can't be normalized; null for types whose kernels compute as exactly as the formula
    /// does.</summary>
    public static string? TypeRefusal(Value x) => x.Type?.ElementType is DataType.Float or DataType.Float16
        ? null
        : $"the runtime normalizes float and float16, and this is {x.Type?.ElementType.ToOnnxName() ?? "of unknown type"}";

    /// <summary>Whether a parameter has the shape of the normalized axes, and does not stretch the result.</summary>
    /// <param name="axis">The first normalized axis, counted from the end.</param>
    public static bool Fits(Value parameter, Value x, int axis)
    {
        if (parameter.Type?.Shape is not { } shape || x.Type?.Shape is not { } input)
            return false;
        if (shape.Rank < -axis || shape.Rank > input.Rank)
            return false;
        var (stretch, own) = (shape.Dimensions[..(shape.Rank + axis)], shape.Dimensions[(shape.Rank + axis)..]);
        return stretch.All(length => length.Value == 1)
            && own.All(length => length != Dimension.Unknown)
            && own.SequenceEqual(input.Dimensions[(input.Rank + axis)..])
            && (stretch.IsEmpty || parameter.Constant is not null);
    }

    /// <summary>A parameter that <see cref="Fits"/>, without leading axes of length one.</summary>
    public static Value Trim(Value parameter, int axis, Graph graph)
    {
        if (parameter.Type!.Shape!.Rank == -axis)
            return parameter;
        var constant = parameter.Constant!;
        return graph.AddConstant(parameter.Name, Reshaped(constant, constant.Dimensions.AsSpan()[^-axis..]));
    }

    /// <summary>A parameter of equal elements for a normalization that has none; null when the length of a normalized axis is not
    /// fixed.</summary>
    public static Tensor? Filled(float element, Value x, int axis)
    {
        if (x.Type is not { Shape: { } shape } type || shape.Rank < -axis)
            return null;
        var normalized = new Shape(shape.Dimensions[(shape.Rank + axis)..]);
        if (normalized.ElementCount is not { } count)
            return null;
        var dimensions = normalized.Dimensions.Select(length => length.Value!.Value).ToArray();
        return type.ElementType == DataType.Float16
            ? Tensor.Create(DataType.Float16, dimensions, Repeated((Half)element, count))
            : Tensor.Create(dimensions, Repeated(element, count));
    }

    private static T[] Repeated<T>(T value, long count)
    {
        var elements = new T[count];
        Array.Fill(elements, value);
        return elements;
    }

    private static Tensor Reshaped(Tensor tensor, ReadOnlySpan<long> dimensions) => tensor.ElementType == DataType.Float16
        ? Tensor.Create(DataType.Float16, dimensions, tensor.AsSpan<Half>().ToArray())
        : Tensor.Create(dimensions, tensor.AsSpan<float>().ToArray());
}
