using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Stores weights as they were chosen, on copies of the model or on the model itself.</summary>
/// <param name="learning">The algorithm among the choices that learns from data; null when none does.</param>
internal sealed class SizeTrials(
    PassContext context, NodeSelector selector, QuantizeWeightsOptions options, IReadOnlyList<SizedWeight> weights, WeightAlgorithm? learning)
{
    private readonly Dictionary<string, long> _sizes = [];

    /// <summary>Bytes of the files with these choices. Codes of other values take as many bytes, so the quickest do.</summary>
    public long Measure(IReadOnlyList<int> chosen)
    {
        var key = string.Join(',', chosen);
        if (!_sizes.TryGetValue(key, out var bytes))
            bytes = _sizes[key] = ModelWriter.SizeOf(Build(chosen, setting => setting with { Algorithm = WeightAlgorithm.RoundToNearest }, null));
        return bytes;
    }

    public OnnxModel Build(IReadOnlyList<int> chosen) => Build(chosen, setting => setting, learning);

    /// <summary>Makes the choice on the model itself.</summary>
    public void Apply(IReadOnlyList<int> chosen) =>
        Apply(context, weights.Zip(chosen).ToDictionary(pair => pair.First.Value), setting => setting, learning);

    private OnnxModel Build(IReadOnlyList<int> chosen, Func<QuantizeWeightsOptions, QuantizeWeightsOptions> change, WeightAlgorithm? learns)
    {
        var copy = new ModelCopy(context.Model);
        var trial = new PassContext(copy.Model, new RewriteLog(), context.Engine, new DiagnosticBag()) { Calibration = context.Calibration };
        Apply(trial, weights.Zip(chosen).ToDictionary(pair => (Value)copy.CopyOf(pair.First.Value)), change, learns);
        // As it is done before the model is written.
        trial.RefreshDeclarations();
        return copy.Model;
    }

    private void Apply(PassContext target, Dictionary<Value, (SizedWeight Weight, int Choice)> chosen,
        Func<QuantizeWeightsOptions, QuantizeWeightsOptions> change, WeightAlgorithm? learns)
    {
        AttentionProjection.InferMasks(target);
        var (notes, lstm) = (new WeightNotes(options, target), new LstmWeights(options, selector, target));
        var inputs = learns is null ? null : new WeightInputs(options with { Algorithm = learns }, selector, target);
        foreach (var weight in WeightCandidate.Find(target.Model))
        {
            if (target.IsDone)
                break;
            var (sized, index) = chosen[weight.Value];
            if ((Refusal(sized, index) ?? Compress(sized.Choices[index].Setting ?? Any(), weight)) is { } refusal)
                target.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        notes.Report();

        string? Compress(QuantizeWeightsOptions setting, WeightCandidate weight) =>
            new QuantizeWeights(change(setting)).Compress(
            weight, new(target, new WeightPolicy(setting, target.Model), setting.Algorithm.LearnsFromInputs ? inputs : null, null, notes, lstm));
    }

    /// <summary>Where no choice but float32 was left, any setting tells why.</summary>
    private QuantizeWeightsOptions Any() => SizeSettings.Of(options)[0] with { Algorithm = WeightAlgorithm.RoundToNearest };

    private static string? Refusal(SizedWeight weight, int choice) => weight.Refusal
        ?? (choice == 0 && weight.Choices.Count > 1 ? "it stays float32: the budget has room for it, and others lose less" : null);
}
