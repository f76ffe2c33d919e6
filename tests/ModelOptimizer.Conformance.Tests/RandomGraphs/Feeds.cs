using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>What random graphs are fed: several lengths of their symbolic axes, none at all among them, and numbers that are none.</summary>
internal static class Feeds
{
    private static readonly float[] Specials = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon];

    private static readonly Dictionary<string, long>[] Lengths =
        [new() { ["n"] = 2, ["m"] = 3 }, new() { ["n"] = 1, ["m"] = 2 }, new() { ["n"] = 0, ["m"] = 1 }];

    /// <summary>Ordinary numbers at each of the lengths; a scalar condition takes both values.</summary>
    public static IEnumerable<Dictionary<string, Tensor>> Ordinary(IReadOnlyList<NamedType> inputs) =>
        Lengths.Select((lengths, seed) => SampleInputs.Make(Bind(inputs, lengths), seed));

    /// <summary>NaN, infinities, negative zero and a subnormal number here and there.</summary>
    public static Dictionary<string, Tensor> Special(IReadOnlyList<NamedType> inputs) =>
        SampleInputs.Make(Bind(inputs, Lengths[0]), seed: 3).ToDictionary(input => input.Key, input => WithSpecials(input.Value));

    private static IEnumerable<NamedType> Bind(IReadOnlyList<NamedType> inputs, Dictionary<string, long> lengths) => inputs.Select(input => input with
    {
        Type = input.Type! with { Shape = new Shape([.. input.Type.Shape!.Dimensions.Select(axis => axis.Value ?? lengths[axis.Symbol!])]) },
    });

    private static Tensor WithSpecials(Tensor tensor)
    {
        if (tensor.ElementType != DataType.Float)
            return tensor;
        var elements = tensor.AsSpan<float>().ToArray();
        for (var i = 0; i < elements.Length; i += 3)
            elements[i] = Specials[i / 3 % Specials.Length];
        return Tensor.Create(tensor.Dimensions.AsSpan(), elements);
    }
}
