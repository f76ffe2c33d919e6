using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Divides what layers read by the scales of <see cref="InputScales"/> and multiplies their weights by them, before these are rounded. No output
/// changes by it. The scales go into the gain of a normalization or the weights before, so that no node is added; all readers of a value share them.
/// </summary>
/// <param name="options">The algorithm among them.</param>
internal sealed class InputScaling(QuantizeWeightsOptions options, NodeSelector selector, PassContext context)
{
    /// <summary>What decides and what judges.</summary>
    private const int MatricesOfInput = 2;

    private readonly ScaleFolding _folding = new(selector, context, "its input gets no scale: ");

    /// <summary>Why values get no scale.</summary>
    private readonly Dictionary<Value, string> _why = [];

    /// <summary>What layers read without a scale, and why.</summary>
    private readonly Dictionary<Value, string> _unscaled = [];

    /// <summary>Nodes whose input is scaled.</summary>
    private readonly Dictionary<Node, InputScaleChoice> _scaled = [];

    /// <summary>What was done for a weight, in words; empty when nothing was.</summary>
    public string Words(WeightCandidate weight) => weight.Uses.Select(use => use.User).FirstOrDefault(_scaled.ContainsKey) is { } node
        ? $", its input scaled by {Exponents(_scaled[node])}"
        : "";

    /// <summary>Tells why the inputs of a weight's layers get no scale.</summary>
    public void Refuse(WeightCandidate weight, string why)
    {
        foreach (var use in weight.Uses.Where(WeightSlots.IsLayer))
            Refuse(use.User, why);
    }

    private void Refuse(Node layer, string why)
    {
        _unscaled[layer.Input(0)!] = why;
        _folding.Refuse(layer, why);
    }

    /// <param name="layers">What is going to be rounded, by weight.</param>
    public void Run(IReadOnlyDictionary<Value, ScaledLayer> layers)
    {
        context.InferTypes();
        var readers = layers.Keys.SelectMany(weight => weight.Uses).Where(WeightSlots.IsLayer).Select(use => use.User).ToList();
        var found = ScaleFolding.Candidates(context.Model).Select(Find).OfType<ScaledReaders>()
            .Where(each => each.Readers.Any(reader => layers.ContainsKey(reader.Weight))).ToList();
        var chosen = new Dictionary<ScaledInput, InputScaleChoice>();
        foreach (var some in Portions.Of(SharedWeights.Groups(found), Elements, WeightInputs.Held(context.Calibration!)))
        {
            var seen = context.Calibration!.Observe(context.Model, [.. some.SelectMany(group => group).Select(each => each.Data)],
                _ => new InputGram());
            foreach (var group in some)
                if (Choose(group, layers, InputGram.Join(group.Select(each => seen[each.Data]))) is { } choice)
                    foreach (var each in group)
                        chosen[new(each, choice.Factors, Words(choice))] = choice;
        }
        foreach (var node in readers)
            if (!chosen.Keys.Any(each => each.Found.Data == node.Input(0)))
                Refuse(node, _why.GetValueOrDefault(node.Input(0)!) ?? ScaledReaders.WhyNeither(node, ScaleFolding.Products));
        foreach (var written in _folding.Write([.. chosen.Keys]))
            foreach (var reader in written.Found.Readers)
                _scaled[reader.Node] = chosen[written];
        if (chosen.Count == 0 && _unscaled.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.NoInputScaled, $"{options.Algorithm} scaled none of {_unscaled.Count} inputs of "
                + $"layers: {RefusalSummary.Of(_unscaled.Values)}. {(layers.Count == 0 ? "Put 'quantize-weights' before 'convert-float16', or take a model in "
                + "float32; gptq" : "gptq learns from the same data and")} needs no such scales", options.Location));
    }

    private ScaledReaders? Find(Node node)
    {
        var (found, refusal) = _folding.Find(node);
        if (found is { Channels: > WeightInputs.MaxDepth and var depth })
            (found, refusal) = (null, WeightInputs.TooDeep(depth));
        if (refusal is not null)
            _why[node.Input(0)!] = refusal;
        return found;
    }

    private static long Elements(IReadOnlyList<ScaledReaders> group) => MatricesOfInput * group.Count * (long)group[0].Channels * group[0].Channels;

    /// <param name="group">Values whose readers share weights.</param>
    private InputScaleChoice? Choose(IReadOnlyList<ScaledReaders> group, IReadOnlyDictionary<Value, ScaledLayer> layers, InputGram inputs)
    {
        var why = WeightInputs.WhyNot(inputs, options.Algorithm);
        if (why is null)
        {
            var weights = group.SelectMany(found => found.Readers).Select(reader => reader.Weight).Distinct();
            var choice = new InputScales([.. weights.Where(layers.ContainsKey).Select(weight => layers[weight])], inputs).Search();
            if (choice.IsScaled)
                return choice;
        }
        foreach (var found in group)
            _why[found.Data] = why ?? "none makes the error of its products smaller on the samples that did not decide";
        return null;
    }

    private static string Words(InputScaleChoice choice) => string.Create(CultureInfo.InvariantCulture,
        $"scale by {Exponents(choice)}, which leaves {100 * choice.Error:0.#}% of the error of rounding, the input of");

    private static string Exponents(InputScaleChoice choice) =>
        string.Create(CultureInfo.InvariantCulture, $"alpha {choice.Alpha:0.##} and beta {choice.Beta:0.##}");
}
