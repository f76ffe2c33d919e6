using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// What calibration data shows of the inputs that weights are multiplied by, and how codes are chosen for them. Layers are looked at some at a
/// time, in order of declaration, so that few matrices are held at once; later ones see what the earlier ones became.
/// </summary>
internal sealed class WeightInputs
{
    /// <summary>The most inputs of a layer: each matrix takes 1 GiB then.</summary>
    internal const int MaxDepth = 1 << 14;

    /// <summary>Where too few rows are known for codes, fewer of them judge worse than none.</summary>
    internal const int FewestJudging = 32;

    /// <summary>What decides, what judges, and the factor of the first.</summary>
    private const int MatricesOfInput = 3;

    private readonly QuantizeWeightsOptions _options;
    private readonly NodeSelector _selector;
    private readonly PassContext _context;
    private readonly CalibrationData _data;

    /// <summary>Whether all of the profile's data is learned from, as by passes before this one.</summary>
    private readonly bool _isProfiles;

    private readonly Dictionary<Value, IReadOnlyList<Value>> _inputs = [];
    private readonly List<string> _blind = [];
    private readonly HashSet<Value> _unseen = [];
    private Dictionary<Value, Known> _known = [];

    /// <param name="data">What to learn from; the profile's calibration data when null.</param>
    /// <exception cref="DiagnosticException">The profile has no calibration data.</exception>
    public WeightInputs(QuantizeWeightsOptions options, NodeSelector selector, PassContext context, CalibrationData? data = null)
    {
        (_options, _selector, _context, _isProfiles) = (options, selector, context, data is null);
        _data = data ?? context.Calibration ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
            $"The algorithm {options.Algorithm} learns from the inputs of layers: add 'calibration: {{ data: … }}' to the profile, with some dozens "
            + "of typical inputs", options.Location);
    }

    /// <returns>
    /// The inputs and what was learned from them; no chooser where they are too few for one, and null when the weight is no layer's, or too few can
    /// judge.
    /// </returns>
    public (InputGram Inputs, ICodeChooser? Chooser)? Of(WeightCandidate weight)
    {
        if (!_inputs.ContainsKey(weight.Value) && !TryLook(weight, out var whyNot))
        {
            _unseen.Add(weight.Value);
            if (whyNot is not null)
                _blind.Add($"'{weight.Name}' ({whyNot})");
            return null;
        }
        // As they were called then: what was written since may make others in their place.
        var inputs = _inputs[weight.Value];
        var known = inputs.Count == 1
            ? _known[inputs[0]]
            : new Known(InputGram.Join(inputs.Select(input => _known[input].Inputs)), _options);
        if (!known.IsLearned)
        {
            _unseen.Add(weight.Value);
            _blind.Add($"'{weight.Name}' ({known.Why})");
        }
        return known.IsLearned || known.Inputs.JudgingRows >= FewestJudging ? (known.Inputs, known.Chooser) : null;
    }

    /// <summary>Looks at what layers read before any weight is rounded: then it may be known from a pass before this one, and is the same in trials.</summary>
    public void LookAhead()
    {
        if (HalfWeights.Find(_context.Model).FirstOrDefault(weight => InputsOf(weight).Count > 0 && Depth(weight) <= MaxDepth) is { } first)
            LookAhead(first);
    }

    /// <summary>True for a weight of which was asked in vain: it gets what the algorithm has for those.</summary>
    public bool IsUnseen(Value weight) => _unseen.Contains(weight);

    /// <summary>Elements of Gram matrices that are held at a time: half of what calibration may take is left to the values that they are made of.</summary>
    internal static long Held(CalibrationData data) => data.Ceiling.Bytes / 2 / sizeof(float);

    /// <summary>Tells which weights were rounded without what the algorithm learns from.</summary>
    public void Report()
    {
        if (_blind.Count > 0)
            _context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.TooFewInputs,
                $"{_options.Algorithm} could not learn from the inputs of {_blind.Count} weights, {_options.Algorithm.WithoutInputs}: "
                + $"{string.Join(", ", _blind.Take(3))}{(_blind.Count > 3 ? ", …" : "")}. "
                + "Where rows are too few, give more calibration samples; mse and k-quant need none",
                _options.Location));
    }

    /// <param name="whyNot">Why there is nothing to look at; null for a table, which has no inputs.</param>
    private bool TryLook(WeightCandidate weight, out string? whyNot)
    {
        whyNot = InputsOf(weight).Count == 0 ? WhyNoInputs(weight)
            : Depth(weight) is > MaxDepth and var depth ? TooDeep(depth)
            : null;
        if (whyNot is not null || InputsOf(weight).Count == 0)
            return false;
        LookAhead(weight);
        return true;
    }

    internal static string TooDeep(long depth) => $"{depth} inputs, of which a matrix is made; {MaxDepth} are the most";

    private static string? WhyNoInputs(WeightCandidate weight) => weight.Uses.All(WeightSlots.IsLookup) ? null
        : weight.Uses.Any(WeightSlots.IsLayer) ? "a node reads its activation transposed"
        : "its nodes are no matrix products";

    /// <summary>Looks at the inputs of this weight and of as many after it as memory allows.</summary>
    private void LookAhead(WeightCandidate first)
    {
        _known = [];
        var (wanted, held) = (new HashSet<Value>(), 0L);
        foreach (var weight in HalfWeights.Find(_context.Model).SkipWhile(weight => weight.Value != first.Value))
            if (InputsOf(weight) is { Count: > 0 } inputs && !_inputs.ContainsKey(weight.Value) && Depth(weight) <= MaxDepth)
            {
                held += MatricesOfInput * inputs.Count(input => !wanted.Contains(input)) * Depth(weight) * Depth(weight);
                if (held > Held(_data) && wanted.Count > 0)
                    break;
                wanted.UnionWith(inputs);
                _inputs[weight.Value] = inputs;
            }
        _known = See(wanted).ToDictionary(pair => pair.Key, pair => new Known(pair.Value, _options));
    }

    /// <summary>Runs the data, but for what a pass before this one saw of the model as it still is.</summary>
    private IEnumerable<KeyValuePair<Value, InputGram>> See(HashSet<Value> wanted)
    {
        var seen = _isProfiles ? _context.Inputs.Take(_context.Model.ChangeCount) : new Dictionary<Value, InputGram>();
        var known = wanted.Where(seen.ContainsKey).ToDictionary(value => value, value => seen[value]);
        List<Value> unknown = [.. wanted.Where(value => !known.ContainsKey(value))];
        return unknown.Count == 0 ? known : known.Concat(_data.Observe(_context.Model, unknown, _ => new InputGram()));
    }

    /// <summary>What the products that read the weight multiply it by, row by row; empty for what is no layer's, or stays as it is.</summary>
    private IReadOnlyList<Value> InputsOf(WeightCandidate weight)
    {
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        var products = read.Uses.Where(WeightSlots.IsLayer).Select(use => use.User).ToList();
        var isLayer = read.Content.Dimensions.Length == 2 && products.TrueForAll(node => node.Attributes.GetInt("transA", 0) == 0)
            && WeightGuards.RefusalOfAnyType(read, _selector, _context.Opset(weight.Value.Graph)) is null;
        return isLayer ? [.. products.Select(node => node.Input(0)!).Distinct()] : [];
    }

    private static long Depth(WeightCandidate weight) => TiedWeight.Of(weight) is not null
        ? weight.Content.Dimensions[1]
        : weight.Content.Dimensions[1 - WeightSlots.ChannelAxis(weight.Uses.First(WeightSlots.IsLayer), rank: 2)];

    /// <summary>Inputs that were seen, and what came of them.</summary>
    private sealed class Known(InputGram inputs, QuantizeWeightsOptions options)
    {
        private readonly Lazy<ICodeChooser?> _chooser =
            new(() => WhyNot(inputs, options.Algorithm) is null ? options.Algorithm.Learn(inputs, options.Learning) : null);

        public InputGram Inputs => inputs;

        /// <summary>Learned when first asked for, once for all weights that share the inputs.</summary>
        public ICodeChooser? Chooser => _chooser.Value;

        public bool IsLearned => options.Algorithm.NeedsFullRank ? Chooser is not null : WhyNot(inputs, options.Algorithm) is null;

        public string Why => WhyNot(inputs, options.Algorithm) ?? "its inputs exceed what floats can tell apart";
    }

    /// <summary>Why an algorithm learns nothing from the inputs; null when it does.</summary>
    internal static string? WhyNot(InputGram inputs, WeightAlgorithm algorithm)
    {
        if (inputs.Depth == 0)
            return "the calibration data shows no inputs of it";
        if (inputs.DecidingRows >= (algorithm.NeedsFullRank ? inputs.Depth : 1) && inputs.JudgingRows > 0)
            return null;
        var why = algorithm.NeedsFullRank
            ? $"{inputs.DecidingRows} rows for {inputs.Depth} inputs, of half the samples"
            : $"{inputs.DecidingRows} rows decide and {inputs.JudgingRows} judge; each half needs one";
        return why + (inputs.DamagedRows > 0 ? $", without {inputs.DamagedRows} that are not finite" : "");
    }
}
