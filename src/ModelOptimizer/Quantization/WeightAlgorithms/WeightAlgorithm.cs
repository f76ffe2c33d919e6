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
    public static IReadOnlyList<WeightAlgorithm> All { get; } = NamedClasses.All<WeightAlgorithm>(algorithm => algorithm.Name);

    /// <summary>Each weight gets the nearest point of the finest grid that covers its block.</summary>
    public static WeightAlgorithm RoundToNearest => Find("round-to-nearest")!;

    /// <summary>Its name in profiles.</summary>
    public virtual string Name => PassNames.ToKebabCase(GetType().Name[..^Suffix.Length]);

    /// <summary>The algorithm of that name; null when there is none.</summary>
    public static WeightAlgorithm? Find(string name) => All.FirstOrDefault(algorithm => algorithm.Name == name);

    /// <summary>What gives the weights of one block their scale, zero point and codes.</summary>
    internal abstract BlockRounding Rounding(WeightGrid grid);

    /// <summary>The same for the block that begins at an input of which more is known.</summary>
    internal virtual Func<int, BlockRounding> Rounding(WeightGrid grid, InputGram inputs) => _ => Rounding(grid);

    /// <param name="weight">Float32 weights, channels × depth.</param>
    /// <param name="grid">What they are rounded to.</param>
    /// <param name="blockSize">Weights of a channel that share a scale; the depth for one scale a channel.</param>
    /// <returns>The codes, or null when a weight is infinite or not a number.</returns>
    internal QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize) =>
        Quantization.RoundToNearest.Quantize(weight, grid, blockSize, Rounding(grid));

    /// <summary>Whether codes depend on what the calibration data shows of a layer's inputs.</summary>
    internal virtual bool LearnsFromInputs => false;

    /// <summary>Whether inputs of layers are divided by scales, and weights multiplied by them, before codes are chosen.</summary>
    internal virtual bool ScalesInputs => false;

    /// <summary>Whether it factors XᵀX, and so needs as many rows as a layer has inputs.</summary>
    internal virtual bool NeedsFullRank => false;

    /// <summary>What weights get of whose inputs too little is known.</summary>
    internal virtual WeightAlgorithm OfUnseen => LearnsFromInputs ? RoundToNearest : this;

    /// <summary>The same in words.</summary>
    internal virtual string WithoutInputs => "which were rounded to nearest instead";

    /// <summary>Learns how to choose codes for layers that read these inputs.</summary>
    /// <param name="settings">For gptq.</param>
    /// <returns>Null when nothing but scales is learned from them.</returns>
    internal virtual ICodeChooser? Learn(InputGram inputs, GptqSettings settings) => null;

    /// <summary>The same with inputs: of each channel the rounding that is best on those that judge, be it the nearest.</summary>
    /// <param name="inputs">What <paramref name="chooser"/> was learned from.</param>
    /// <param name="chooser">What chooses codes once blocks have their scales; null for the nearest, or where too little is known of the inputs.</param>
    internal QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize, InputGram inputs, ICodeChooser? chooser)
    {
        var best = Quantization.RoundToNearest.Quantize(weight, grid, blockSize);
        if (best is null)
            return null;
        var judge = new CodeJudge(weight, inputs.Judge);
        var nearest = judge.Errors(best);
        var errors = (double[])nearest.Clone();
        using var scaled = Quantization.RoundToNearest.Quantize(weight, grid, blockSize, Scales(grid, inputs, chooser))!;
        judge.TakeBetter(best, errors, scaled);
        if (chooser is not null)
        {
            chooser.Round(weight, scaled);
            judge.TakeBetter(best, errors, scaled);
        }
        var (better, all) = (errors.Zip(nearest).Count(pair => pair.First < pair.Second), nearest.Sum());
        best.Gain = new JudgedGain(better, weight.Channels, all > 0 ? errors.Sum() / all : 1);
        return best;
    }

    /// <summary>Where too few rows are known for codes, they judge all the same.</summary>
    private Func<int, BlockRounding> Scales(WeightGrid grid, InputGram inputs, ICodeChooser? chooser) =>
        NeedsFullRank && chooser is null ? _ => OfUnseen.Rounding(grid) : Rounding(grid, inputs);

    public override string ToString() => Name;
}
