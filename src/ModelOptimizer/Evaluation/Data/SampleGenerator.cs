using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Makes inputs for any signature where there are no real ones: the same for the same seed, integers small enough to be indices.</summary>
public static class SampleGenerator
{
    /// <summary>A tensor for every input.</summary>
    /// <param name="signature">Names and types; an unknown shape is taken for a scalar.</param>
    /// <param name="seed">Another one gives other values.</param>
    /// <param name="freeLength">The length of axes that the signature leaves open.</param>
    /// <param name="integers">How many different integers there are, from 0 on: they may be indices.</param>
    /// <exception cref="NotSupportedException">An input is no tensor, or of a type that can't be made up.</exception>
    public static Dictionary<string, Tensor> Make(IEnumerable<NamedType> signature, int seed, long freeLength, int integers = 3) =>
        signature.ToDictionary(input => input.Name, input => Make(input, new Random(HashCode(input.Name, seed)), seed, freeLength, integers));

    private static Tensor Make(NamedType input, Random random, int seed, long freeLength, int integers)
    {
        var type = input.Type ?? throw new NotSupportedException($"Input '{input.Name}' is no tensor");
        var dimensions = (type.Shape ?? Shape.Scalar).Dimensions.Select(axis => axis.Value ?? freeLength).ToArray();
        var count = checked((int)dimensions.Aggregate(1L, (product, length) => checked(product * length)));
        return type.ElementType switch
        {
            DataType.Float => Create<float>(() => random.NextSingle() * 2 - 1),
            DataType.Double => Create(() => random.NextDouble() * 2 - 1),
            DataType.Float16 => Create(() => (Half)(random.NextSingle() * 2 - 1)),
            DataType.Int64 => Create<long>(() => random.Next(integers)),
            DataType.Int32 => Create(() => random.Next(integers)),
            DataType.UInt64 => Create(() => (ulong)random.Next(integers)),
            DataType.UInt32 => Create(() => (uint)random.Next(integers)),
            // A scalar condition takes both values over two seeds.
            DataType.Bool => Create(() => count == 1 ? seed % 2 == 0 : random.Next(2) == 0),
            DataType.UInt16 => Create(() => (ushort)random.Next(1 << 16)),
            DataType.Int16 => Create(() => (short)random.Next(-(1 << 15), 1 << 15)),
            DataType.UInt8 => Create(() => (byte)random.Next(256)),
            DataType.Int8 => Create(() => (sbyte)random.Next(-128, 128)),
            _ => throw new NotSupportedException($"Input '{input.Name}' has elements of type {type.ElementType.ToOnnxName()}"),
        };

        Tensor Create<T>(Func<T> next) where T : unmanaged =>
            Tensor.Create(type.ElementType, dimensions, [.. Enumerable.Range(0, count).Select(_ => next())]);
    }

    /// <summary>FNV-1a: string hash codes of the platform differ from run to run.</summary>
    private static int HashCode(string name, int seed) => name.Aggregate(unchecked((int)2166136261) ^ seed, (hash, c) => unchecked((hash ^ c) * 16777619));
}
