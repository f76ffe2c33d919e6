using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing;

/// <summary>Makes inputs for any signature: the same for the same seed, small integers, symbolic axes of length 2.</summary>
public static class SampleInputs
{
    private const int SymbolicLength = 2;

    public static Dictionary<string, Tensor> Make(IEnumerable<NamedType> signature, int seed) =>
        signature.ToDictionary(input => input.Name, input => Make(input.Type!, new Random(HashCode(input.Name, seed)), seed));

    private static Tensor Make(TensorType type, Random random, int seed)
    {
        var dimensions = (type.Shape ?? Shape.Scalar).Dimensions.Select(d => d.Value ?? SymbolicLength).ToArray();
        var count = (int)dimensions.Aggregate(1L, (product, d) => product * d);
        return type.ElementType switch
        {
            DataType.Float => Create<float>(() => random.NextSingle() * 2 - 1),
            DataType.Double => Create(() => random.NextDouble() * 2 - 1),
            DataType.Float16 => Create(() => (Half)(random.NextSingle() * 2 - 1)),
            DataType.Int64 => Create<long>(() => random.Next(0, 3)),
            DataType.Int32 => Create(() => random.Next(0, 3)),
            // A scalar condition takes both values over two seeds.
            DataType.Bool => Create(() => count == 1 ? seed % 2 == 0 : random.Next(2) == 0),
            DataType.UInt8 => Create(() => (byte)random.Next(256)),
            DataType.Int8 => Create(() => (sbyte)random.Next(-128, 128)),
            _ => throw new NotSupportedException($"No sample of {type}"),
        };

        Tensor Create<T>(Func<T> next) where T : unmanaged =>
            Tensor.Create(type.ElementType, dimensions, [.. Enumerable.Range(0, count).Select(_ => next())]);
    }

    /// <summary>FNV-1a: string hash codes of the platform differ from run to run.</summary>
    private static int HashCode(string name, int seed) => name.Aggregate(unchecked((int)2166136261) ^ seed, (hash, c) => unchecked((hash ^ c) * 16777619));
}
