using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Finds the ways to store each weight of a model, with what each costs in bytes and error.</summary>
/// <param name="settings">The ways to try.</param>
/// <param name="inputs">What is known of the inputs of layers; null without data.</param>
/// <param name="reach">The opset that the model can be brought to for a weight, and why to no newer one.</param>
/// <param name="probe">Measures what some choices do to the outputs; null where nothing is measured there.</param>
internal sealed class WeightSurvey(
    IReadOnlyList<QuantizeWeightsOptions> settings, IReadOnlyList<WeightAlgorithm> algorithms, NodeSelector selector, WeightPolicy policy,
    LstmWeights lstm, (long Opset, string? Problem) reach, WeightInputs? inputs, WeightProbe? probe)
{
    private const string WholeLstm =
        "a size budget has no choice for weights of LSTM: quantize-dynamic with 'operators: [LSTM]' above stores them in 8 bits, and so does "
        + "'storage: true', which makes floats of them at every run";

    /// <param name="weight">As it is stored.</param>
    public SizedWeight Of(WeightCandidate weight, long opset)
    {
        var plain = SizedChoice.Float(weight.Content);
        var refusal = WeightGuards.RefusalOfFound(weight, selector, opset) ?? policy.Refusal(weight) ?? (lstm.Takes(weight) ? WholeLstm : null);
        var own = settings.Select(setting => policy.Given(weight) is { } bits ? setting with { Bits = bits } : setting).ToList();
        var plans = refusal is null ? own.ConvertAll(setting => new WeightPlanner(setting, reach.Problem).Plan(weight, Math.Max(opset, reach.Opset))) : [];
        if (plans.TrueForAll(plan => plan.Plan is null))
            return new SizedWeight(weight.Value, weight.Name, [plain], [.. settings.Select(_ => 0)]) { Refusal = refusal ?? plans[0].Refusal };
        var channelAxis = plans.Select(plan => plan.Plan).OfType<WeightPlan>().First().ChannelAxis;
        var trial = new WeightTrial(weight, channelAxis, algorithms, inputs?.Of(weight));
        var (choices, known, bySetting) = (new List<SizedChoice> { plain }, new Dictionary<string, int>(), new List<int>());
        foreach (var (setting, plan) in own.Zip(plans, (setting, plan) => (setting, plan.Plan)))
            bySetting.Add(plan is null ? 0 : known.TryGetValue(plan.ToString(), out var index) ? index : known[plan.ToString()] = Add(plan, setting));
        var sized = new SizedWeight(weight.Value, weight.Name, choices, bySetting);
        return sized with { Choices = probe?.Measure(weight, choices, trial) ?? trial.Relative(choices) };

        int Add(WeightPlan plan, QuantizeWeightsOptions setting)
        {
            if (trial.Try(plan, setting) is not { } choice || WeightGuards.SmallGain(weight.Content, choice.Bytes) is not null)
                return 0;
            choices.Add(choice);
            return choices.Count - 1;
        }
    }
}
