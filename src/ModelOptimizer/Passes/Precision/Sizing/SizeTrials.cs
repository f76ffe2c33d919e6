using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Stores weights as they were chosen, on copies of the model or on the model itself.</summary>
/// <param name="learning">The algorithm among the choices that learns from data, and the data; null when none does.</param>
internal sealed class SizeTrials(
    PassContext context, NodeSelector selector, QuantizeWeightsOptions options, IReadOnlyList<SizedWeight> weights, HalfConstants halves,
    (WeightAlgorithm Algorithm, CalibrationData Data)? learning)
{
    private readonly Dictionary<string, long> _sizes = [];

    /// <summary>Bytes of the files with these choices, whatever the codes: blank ones do.</summary>
    public long Measure(IReadOnlyList<int> chosen)
    {
        var key = string.Join(',', chosen);
        if (!_sizes.TryGetValue(key, out var bytes))
            bytes = _sizes[key] = ModelWriter.SizeOf(Build(chosen, isBlank: true), fileName: context.OutputName);
        return bytes;
    }

    public OnnxModel Build(IReadOnlyList<int> chosen) => Build(chosen, isBlank: false);

    /// <summary>Makes the choice on the model itself.</summary>
    /// <returns>The weights whose codes were chosen without the inputs that their algorithm learns from.</returns>
    public IReadOnlySet<Value> Apply(IReadOnlyList<int> chosen)
    {
        var inputs = Inputs(context);
        Apply(context, weights.Zip(chosen).ToDictionary(pair => pair.First.Value), inputs, halves, isBlank: false);
        inputs?.Report();
        return weights.Select(weight => weight.Value).Where(weight => inputs?.IsUnseen(weight) == true).ToHashSet();
    }

    private WeightInputs? Inputs(PassContext target) =>
        learning is var (algorithm, data) ? new WeightInputs(options with { Algorithm = algorithm }, selector, target, data) : null;

    private OnnxModel Build(IReadOnlyList<int> chosen, bool isBlank)
    {
        var copy = new ModelCopy(context.Model);
        var trial = new PassContext(copy.Model, new RewriteLog(), context.Engine, new DiagnosticBag());
        Apply(trial, weights.Zip(chosen).ToDictionary(pair => (Value)copy.CopyOf(pair.First.Value)), isBlank ? null : Inputs(trial),
            halves.For(copy.Model), isBlank);
        // As it is done before the model is written.
        trial.RefreshDeclarations();
        return copy.Model;
    }

    private void Apply(
        PassContext target, Dictionary<Value, (SizedWeight Weight, int Choice)> chosen, WeightInputs? inputs, HalfConstants constants, bool isBlank)
    {
        if (options.Format == WeightFormat.Standard)
            RaiseOpset(target, chosen);
        AttentionProjection.InferMasks(target);
        var (notes, lstm) = (new WeightNotes(options, target), new LstmWeights(options, selector, target));
        foreach (var weight in HalfWeights.Find(target.Model).Concat(HalfWeights.FindOthers(target.Model)))
        {
            if (target.IsDone)
                break;
            if (!chosen.TryGetValue(weight.Value, out var sized))
                continue;
            var choice = sized.Weight.Choices[sized.Choice];
            if (choice.IsHalf)
                constants.Store(weight, target, sized.Weight.Refusal);
            else if ((choice.Setting is { } setting ? Compress(setting, weight) : WhyKept(sized.Weight)) is { } refusal)
                target.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        notes.Report();

        string? Compress(QuantizeWeightsOptions setting, WeightCandidate weight)
        {
            var learned = setting.Algorithm.LearnsFromInputs ? inputs : null;
            return new QuantizeWeights(setting).Compress(
                weight, new(target, new WeightPolicy(setting, target.Model), learned, null, notes, lstm, isBlank));
        }
    }

    /// <summary>Where choices need a newer opset, which nothing stands in the way of, as was found out before they were offered.</summary>
    private static void RaiseOpset(PassContext target, Dictionary<Value, (SizedWeight Weight, int Choice)> chosen)
    {
        // Whether attention gives its weight away is asked of masks.
        AttentionProjection.InferMasks(target);
        var needed = HalfWeights.Find(target.Model).Max(weight => chosen[weight.Value] is var (sized, index) && sized.Choices[index].Setting is { } setting
            ? new QuantizeWeights(setting).NewerOpsetFor(weight, new WeightPolicy(setting, target.Model), target)
            : null);
        if (needed is null)
            return;
        target.InferTypes();
        // Without the runtime's word on it, which is asked once instead of at every trial.
        new OpsetUpgrade(target.Model, needed.Value).Run(what => target.Rewriting(what, "the whole model"));
    }

    private static string? WhyKept(SizedWeight weight) => weight.Choices.Count > 1
        ? $"it stays {weight.Choices[0].Form}: the budget has room for it, and others lose less{HalfConstants.NoCodes(weight.Refusal)}"
        : weight.Refusal;
}
