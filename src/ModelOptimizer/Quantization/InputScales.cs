namespace ModelOptimizer.Quantization;

/// <summary>What inputs of layers are divided by, and their weights multiplied by, before the weights are rounded.</summary>
/// <param name="Alpha">How much the size of inputs counts.</param>
/// <param name="Beta">How much the size of weights does.</param>
/// <param name="Factors">One for each input, all 1 when nothing is scaled.</param>
/// <param name="Error">The squared error of the products on the samples that judge, as a part of that without; 1 when nothing is scaled.</param>
internal sealed record InputScaleChoice(double Alpha, double Beta, double[] Factors, double Error)
{
    public bool IsScaled => Array.Exists(Factors, factor => factor != 1);
}

/// <summary>
/// Finds the scales of AWQ (Lin et al., "AWQ: Activation-aware Weight Quantization", arXiv 2306.00978, section 3.2) for layers that read the same
/// inputs: weights of large inputs are rounded finer, at the cost of those beside them in a block. Weights that are small by themselves can have
/// it for nothing.
/// <code>
/// s_k = x_k^α / w_k^β,  x_k = √(mean x²),  w_k = mean |w|,  s ← s / √(max s · min s)
/// </code>
/// The paper takes mean |x|, and no weights. α and β are those of the smallest error of the products, with weights rounded to nearest. They are taken
/// only where no layer loses by it on the samples that judge.
/// </summary>
internal sealed class InputScales
{
    private const int AlphaSteps = 10;

    private const int BetaSteps = 4;

    /// <summary>So many of the best on the samples that decide are judged.</summary>
    private const int Judged = 4;

    /// <summary>What is smaller than this part of the largest is taken as if it were as large.</summary>
    private const double Smallest = 1e-4;

    /// <summary>Multiplications that a try may take for a layer; of more, channels spread evenly over it tell.</summary>
    private const long UsualWork = 1L << 32;

    /// <summary>The same for judging, before all channels judge what is found.</summary>
    private const long UsualJudgingWork = 1L << 34;

    /// <summary>Which loses this much is not nearly as good as another, nor are those beside it.</summary>
    private const double ClearFailure = 1.1;

    private readonly IReadOnlyList<ScaledLayer> _layers;
    private readonly InputGram _inputs;
    private readonly (long Trying, long Judging) _work;
    private readonly double[] _inputSizes;
    private readonly double[] _weightSizes;

    /// <summary>What <see cref="Scaled"/> fills, time and again.</summary>
    private float[] _scaled = [];

    /// <param name="layers">What reads the inputs.</param>
    /// <param name="inputs">The inputs on calibration data.</param>
    /// <param name="work">Multiplications that a try may take for a layer.</param>
    /// <param name="judgingWork">The same for judging one.</param>
    public InputScales(IReadOnlyList<ScaledLayer> layers, InputGram inputs, long work = UsualWork, long judgingWork = UsualJudgingWork)
    {
        (_layers, _inputs, _work) = (layers, inputs, (work, judgingWork));
        _inputSizes = Floored([.. Enumerable.Range(0, inputs.Depth).Select(k => Math.Sqrt(inputs.Deciding[k * (inputs.Depth + 1)]))]);
        _weightSizes = Floored(layers.Select(layer => layer.Sizes()).Aggregate((sum, more) => [.. sum.Zip(more, (one, other) => one + other)]));
    }

    /// <summary>The best of those tried; none when no other is better for all layers together and worse for none.</summary>
    public InputScaleChoice Search()
    {
        var none = new InputScaleChoice(0, 0, Array.ConvertAll(_inputSizes, _ => 1.0), 1);
        var some = Some(_work.Trying);
        var plain = Errors(some, none.Factors, _inputs.Decide).Sum();
        var best = Tries().Select(tried => (Choice: tried, Error: Errors(some, tried.Factors, _inputs.Decide).Sum()))
            .Where(tried => tried.Error < plain).OrderBy(tried => tried.Error).Take(Judged).Select(tried => tried.Choice).ToList();
        if (best.Count == 0)
            return none;
        var more = Some(_work.Judging);
        var found = Judge(best, more);
        return (found is null || more.SequenceEqual(_layers) ? found : Judge([found], _layers)) ?? none;
    }

    /// <summary>The first that no layer loses by on the samples that judge.</summary>
    private InputScaleChoice? Judge(List<InputScaleChoice> best, IReadOnlyList<ScaledLayer> layers)
    {
        var plain = Errors(layers, Array.ConvertAll(_inputSizes, _ => 1.0), _inputs.Judge).ToList();
        foreach (var choice in best)
        {
            var (sum, worst) = (0.0, 0.0);
            foreach (var (error, before) in Errors(layers, choice.Factors, _inputs.Judge).Zip(plain))
            {
                (sum, worst) = (sum + error, error <= before ? worst : error / before);
                // One that loses is enough.
                if (worst > 0)
                    break;
            }
            if (worst == 0 && sum < plain.Sum())
                return choice with { Error = sum / plain.Sum() };
            if (worst > ClearFailure)
                return null;
        }
        return null;
    }

    /// <summary>The layers with no more channels than such work allows.</summary>
    private List<ScaledLayer> Some(long work)
    {
        var channels = (int)Math.Max(1, work / ((long)_inputs.Depth * _inputs.Depth));
        return [.. _layers.Select(layer => layer.Some(channels))];
    }

    /// <summary>The factors of some exponents. Inputs that never came, or meet no weight, stay in the middle.</summary>
    public double[] Factors(double alpha, double beta)
    {
        var scales = _inputSizes.Zip(_weightSizes, Scale).ToArray();
        var known = scales.Where(double.IsNormal).ToList();
        var middle = known.Count == 0 ? 1 : Math.Sqrt(known.Max()) * Math.Sqrt(known.Min());
        return Array.ConvertAll(scales, scale => double.IsNormal(scale) ? scale / middle : 1);

        // NaN⁰ would be 1.
        double Scale(double input, double weight) => double.IsNaN(input + weight) ? double.NaN : Math.Pow(input, alpha) / Math.Pow(weight, beta);
    }

    /// <summary>By rising α, then β.</summary>
    private IEnumerable<InputScaleChoice> Tries() =>
        from a in Enumerable.Range(0, AlphaSteps + 1)
        from b in Enumerable.Range(0, BetaSteps + 1)
        where a + b > 0
        let exponents = (Alpha: (double)a / AlphaSteps, Beta: (double)b / BetaSteps)
        select new InputScaleChoice(exponents.Alpha, exponents.Beta, Factors(exponents.Alpha, exponents.Beta), double.NaN);

    /// <summary>Sizes without those that are very small; undefined for none at all.</summary>
    private static double[] Floored(double[] sizes)
    {
        var floor = Smallest * sizes.Max();
        return Array.ConvertAll(sizes, size => size > 0 ? Math.Max(size, floor) : double.NaN);
    }

    /// <summary>Of each layer the squared error of its products, found as it is asked for.</summary>
    private IEnumerable<double> Errors(IReadOnlyList<ScaledLayer> layers, double[] factors, float[] gram)
    {
        var (scaled, rounded) = (Scaled(gram, factors), Array.ConvertAll(factors, factor => (float)factor));
        return layers.Select(layer => layer.Error(rounded, scaled));
    }

    /// <summary>XᵀX of the inputs divided by the factors; valid until it is asked for the next.</summary>
    private float[] Scaled(float[] gram, double[] factors)
    {
        if (Array.TrueForAll(factors, factor => factor == 1))
            return gram;
        var depth = factors.Length;
        var scaled = _scaled = _scaled.Length == gram.Length ? _scaled : new float[gram.Length];
        Cores.For(0, depth, i =>
        {
            for (var j = 0; j < depth; j++)
                scaled[i * depth + j] = (float)(gram[i * depth + j] / factors[i] / factors[j]);
        });
        return scaled;
    }
}
