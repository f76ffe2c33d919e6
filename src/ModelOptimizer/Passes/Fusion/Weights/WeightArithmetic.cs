using System.Numerics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A tensor of the weights' own type, or the reason why what was computed doesn't fit into it.</summary>
internal readonly record struct RoundedTensor(Tensor? Tensor, string? Refusal)
{
    public static implicit operator RoundedTensor(Tensor tensor) => new(tensor, null);

    public static RoundedTensor Refused(string why) => new(null, why);
}

/// <summary>
/// Arithmetic on weights: in double, rounded once at the end. Factors and terms come one per channel, or a single one for all.
/// </summary>
internal static class WeightArithmetic
{
    public static bool Handles(DataType type) => type is DataType.Float or DataType.Double or DataType.Float16;

    /// <summary>Whether a value is known to be a matrix of such a type: what a Gemm takes.</summary>
    public static bool IsMatrix(Value? value) => value?.Type is { Shape.Rank: 2 } type && Handles(type.ElementType);

    /// <summary>Every element times the factors of the channels that it connects.</summary>
    public static RoundedTensor Scale(Tensor weight, WeightLayout layout, double[] byOutput, double[] byInput) => weight.ElementType switch
    {
        DataType.Float => Scale<float>(weight, layout, byOutput, byInput),
        DataType.Double => Scale<double>(weight, layout, byOutput, byInput),
        _ => Scale<Half>(weight, layout, byOutput, byInput),
    };

    /// <summary>What constant inputs add to each output channel: the weight times one term per input channel.</summary>
    public static double[] Product(Tensor weight, WeightLayout layout, double[] inputs)
    {
        var elements = weight.ToDoubles();
        var sums = new double[layout.Outputs];
        for (var i = 0; i < elements.Length; i++)
        {
            var (output, input) = layout.Channels(i / layout.Kernel);
            sums[output] += elements[i] * inputs.At(input);
        }
        return sums;
    }

    public static RoundedTensor Round(DataType type, ReadOnlySpan<long> dimensions, double[] values) => type switch
    {
        DataType.Float => Round<float>(type, dimensions, values),
        DataType.Double => Round<double>(type, dimensions, values),
        _ => Round<Half>(type, dimensions, values),
    };

    /// <summary>The element of a channel.</summary>
    public static double At(this double[] channels, int channel) => channels.Length == 1 ? channels[0] : channels[channel];

    /// <summary>Channel by channel; a single element stands for all.</summary>
    public static double[] Combine(double[] left, double[] right, Func<double, double, double> combine) =>
        [.. Enumerable.Range(0, Math.Max(left.Length, right.Length)).Select(i => combine(left.At(i), right.At(i)))];

    private static RoundedTensor Scale<T>(Tensor weight, WeightLayout layout, double[] byOutput, double[] byInput)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (weight.ByteCount > Array.MaxLength)
            return RoundedTensor.Refused($"{weight} takes 2 GiB or more, and what is made anew must take less");
        var source = weight.AsSpan<T>();
        var scaled = new T[source.Length];
        var (was, stays) = (new bool[layout.Outputs], new bool[layout.Outputs]);
        for (var i = 0; i < source.Length; i++)
        {
            var (output, input) = layout.Channels(i / layout.Kernel);
            var factor = byOutput.At(output) * byInput.At(input);
            scaled[i] = T.CreateTruncating(double.CreateTruncating(source[i]) * factor);
            if (!T.IsFinite(scaled[i]))
                return RoundedTensor.Refused("the folded weight is not finite");
            was[output] |= factor != 0 && T.IsNormal(source[i]);
            stays[output] |= T.IsNormal(scaled[i]);
        }
        // Small elements beside large ones may vanish; a channel as a whole may not.
        return was.Where((normal, output) => normal && !stays[output]).Any()
            ? RoundedTensor.Refused("a channel of the folded weight would vanish: it is too small for its type")
            : Tensor.Create(weight.ElementType, weight.Dimensions.AsSpan(), scaled);
    }

    private static RoundedTensor Round<T>(DataType type, ReadOnlySpan<long> dimensions, double[] values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var rounded = Array.ConvertAll(values, T.CreateTruncating);
        return Array.TrueForAll(rounded, T.IsFinite)
            ? Tensor.Create(type, dimensions, rounded)
            : RoundedTensor.Refused("the folded bias is not finite");
    }
}
