using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Finds the ways to store each weight of a model, and other constants in 16 bits, with what each costs in bytes and error.</summary>
/// <param name="settings">The ways to try.</param>
/// <param name="inputs">What is known of the inputs of layers; null without data.</param>
/// <param name="reach">The opset that the model can be brought to for a weight, and why to no newer one.</param>
/// <param name="probe">Measures what some choices do to the outputs; null where nothing is measured there.</param>
internal sealed class WeightSurvey(
    IReadOnlyList<QuantizeWeightsOptions> settings, IReadOnlyList<WeightAlgorithm> algorithms, NodeSelector selector, WeightPolicy policy,
    LstmWeights lstm, (long Opset, string? Problem) reach, WeightInputs? inputs, WeightProbe? probe, HalfConstants halves, PassContext context)
{
    private const string WholeLstm =
        "a size budget has no codes for weights of LSTM: quantize-dynamic with 'operators: [LSTM]' above stores them in 8 bits, and so does "
        + "'storage: true', which makes floats of them at every run";

    private static readonly ConvertFloat16Options s_half = new();

    /// <summary>All weights, and those of the other constants that have a choice.</summary>
    public IEnumerable<SizedWeight> Run() => HalfWeights.Find(context.Model).Select(Of)
        .Concat(HalfWeights.FindOthers(context.Model).Where(IsLarge).Select(Of).Where(other => other.Choices.Count > 1));

    /// <summary>As convert-float16 has it.</summary>
    private static bool IsLarge(WeightCandidate constant) => constant.Content.ElementCount >= s_half.MinElements;

    /// <param name="weight">As it is stored.</param>
    private SizedWeight Of(WeightCandidate weight)
    {
        var (plain, opset) = (SizedChoice.Float(weight.Content), context.Opset(weight.Value.Graph));
        var refusal = WeightGuards.RefusalOfFound(weight, selector, opset) ?? policy.Refusal(weight);
        if (refusal is not null)
            return new SizedWeight(weight.Value, weight.Name, [plain], new int[settings.Count + 1]) { Refusal = refusal };
        var own = settings.Select(setting => policy.Given(weight) is { } bits ? setting with { Bits = bits } : setting).ToList();
        var isLstm = lstm.Takes(weight);
        var plans = own.ConvertAll(Plan);
        var planned = plans.Select(plan => plan.Plan).FirstOrDefault(plan => plan is not null);
        var learned = planned is null ? null : inputs?.Of(weight);
        var trial = new WeightTrial(weight, planned?.ChannelAxis ?? 0, algorithms, learned);
        var (choices, known, bySetting) = (new List<SizedChoice> { plain }, new Dictionary<string, int>(), new List<int>());
        foreach (var (setting, plan) in own.Zip(plans, (setting, plan) => (setting, plan.Plan)))
            bySetting.Add(plan is null ? 0 : known.TryGetValue(plan.ToString(), out var i) ? i : known[plan.ToString()] = Add(plan, setting));
        refusal = choices.Count > 1 ? null : refusal ?? plans[0].Refusal;
        bySetting.Add(AddHalf());
        var measured = probe?.Measure(weight, choices, trial);
        return new SizedWeight(weight.Value, weight.Name, measured ?? (choices.Count > 1 ? trial.Relative(choices) : choices), bySetting)
        {
            Refusal = refusal,
            IsUnmeasured = probe is not null && measured is null,
        };

        (WeightPlan? Plan, string? Refusal) Plan(QuantizeWeightsOptions setting) =>
            isLstm ? (null, WholeLstm)
            : weight.IsWeight ? new WeightPlanner(setting, reach.Problem).Plan(weight, Math.Max(opset, reach.Opset))
            : default;

        int Add(WeightPlan plan, QuantizeWeightsOptions setting)
        {
            var choice = trial.Try(plan, setting);
            if (choice is null)
                refusal ??= WeightGuards.NotFinite(weight, context);
            else if (WeightGuards.SmallGain(weight.Content, choice.Bytes) is { } tooSmall)
                refusal ??= tooSmall;
            else
                return Last(choice);
            return 0;
        }

        int AddHalf() => weight.Content.ElementType == DataType.Float && IsLarge(weight) && HalfPrecision.TooLarge(weight.Content) is null
            && halves.Scaled(weight.Content) is { Holds: true } half
            ? Last(trial.Half(half))
            : 0;

        int Last(SizedChoice choice)
        {
            choices.Add(choice);
            return choices.Count - 1;
        }
    }
}
