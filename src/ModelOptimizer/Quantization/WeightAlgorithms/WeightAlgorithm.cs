using ModelOptimizer.Passes;

namespace ModelOptimizer.Quantization;

/// <summary>
/// How weights are given codes of few bits. A class in this folder is an algorithm that profiles can name: <c>RoundToNearestAlgorithm</c> is
/// <c>round-to-nearest</c>.
/// </summary>
public abstract class WeightAlgorithm
{
    private const string Suffix = "Algorithm";

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<WeightAlgorithm> All { get; } =
    [
        .. typeof(WeightAlgorithm).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(WeightAlgorithm)) && !type.IsAbstract)
            .Select(type => (WeightAlgorithm)Activator.CreateInstance(type)!)
            .OrderBy(algorithm => algorithm.Name, StringComparer.Ordinal),
    ];

    /// <summary>Each weight gets the nearest point of the finest grid that covers its block.</summary>
    public static WeightAlgorithm RoundToNearest => Find("round-to-nearest")!;

    /// <summary>Each block gets the grid of the least squared error.</summary>
    public static WeightAlgorithm Mse => Find("mse")!;

    /// <summary>What serves weights of so many bits when nothing is said: with 8 there is little to gain.</summary>
    public static WeightAlgorithm Default(int bits) => bits <= 4 ? Mse : RoundToNearest;

    /// <summary>Its name in profiles.</summary>
    public virtual string Name => PassNames.ToKebabCase(GetType().Name[..^Suffix.Length]);

    /// <summary>The algorithm of that name; null when there is none.</summary>
    public static WeightAlgorithm? Find(string name) => All.FirstOrDefault(algorithm => algorithm.Name == name);

    /// <summary>What gives the weights of one block their scale, zero point and codes.</summary>
    internal abstract BlockRounding Rounding(WeightGrid grid);

    /// <param name="weight">Float32 weights, channels × depth.</param>
    /// <param name="grid">What they are rounded to.</param>
    /// <param name="blockSize">Weights of a channel that share a scale; the depth for one scale a channel.</param>
    /// <returns>The codes, or null when a weight is infinite or not a number.</returns>
    internal QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize) =>
        Quantization.RoundToNearest.Quantize(weight, grid, blockSize, Rounding(grid));

    public override string ToString() => Name;
}
