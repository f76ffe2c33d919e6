using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores the weights of matrix products, attention and lookup tables in 8 to 2 bits; activations stay floats. LSTMs compute with weights and
/// activations of 8 bits. Codes are chosen by a <see cref="WeightAlgorithm"/>, on a grid for each block or channel.
/// </summary>
[Description("Stores the weights of matrix products, attention and lookup tables in 8 to 2 bits; activations stay floats. LSTMs compute with "
    + "weights and activations of 8 bits. Codes are the nearest, or chosen better: by squared error, or by what calibration data shows of the "
    + "layers' inputs.")]
public sealed class QuantizeWeights(QuantizeWeightsOptions options) : ISelectivePass, ICalibratedPass
{
    public NodeSelector Selector { get; } = new(options);
    private readonly Dictionary<int, WeightPlanner> _planners = [];
    private string? _upgradeProblem;

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool LearnsFromData => options.Algorithm.LearnsFromInputs || options.Budget is not null;

    public bool RequiresData => options.Algorithm.LearnsFromInputs;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        if (options.Budget is not null)
        {
            new SizeBudget(options, Selector, context).Run();
            return;
        }
        if (options.Format == WeightFormat.Standard)
            RaiseOpset(context);
        var inputs = options.Algorithm.LearnsFromInputs ? new WeightInputs(options, Selector, context) : null;
        AttentionProjection.InferMasks(context);
        var scaling = options.Algorithm.ScalesInputs ? Scale(context) : null;
        var run = new WeightRun(context, new WeightPolicy(options, model), inputs, scaling, new WeightNotes(options, context),
            new LstmWeights(options, Selector, context));
        run.Policy.Report(context.Diagnostics);
        inputs?.LookAhead();
        foreach (var weight in HalfWeights.Find(model))
        {
            if (context.IsDone)
                break;
            if (Compress(weight, run) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        inputs?.Report();
        run.Notes.Report();
    }

    /// <summary>Where the model can't be upgraded, its weights stay, and their refusals say why.</summary>
    private void RaiseOpset(PassContext context)
    {
        // Whether attention gives its weight away is asked of masks.
        AttentionProjection.InferMasks(context);
        var policy = new WeightPolicy(options, context.Model);
        var needed = HalfWeights.Find(context.Model).Select(weight => NewerOpsetFor(weight, policy, context)).OfType<long>();
        _upgradeProblem = UpgradeOpset.Raise(needed, context);
        _planners.Clear();
    }

    /// <summary>The first opset in which the standard can store the weight; null where its graph's own does, or none.</summary>
    internal long? NewerOpsetFor(WeightCandidate found, WeightPolicy policy, PassContext context)
    {
        var own = context.Opset(found.Value.Graph);
        var first = StandardOpset.Steps.Where(step => step > own).Prepend(own)
            .FirstOrDefault(opset => Plan(found, policy, context, opset) is (not null, null), own);
        return first > own ? first : null;
    }

    /// <summary>Scales what layers read, as the weights that are going to be rounded suggest.</summary>
    private InputScaling Scale(PassContext context)
    {
        // Scaled weights are other values: who asks the policy later needs another one.
        var (policy, layers) = (new WeightPolicy(options, context.Model), new Dictionary<Value, ScaledLayer>());
        var scaling = new InputScaling(options, Selector, context);
        foreach (var weight in HalfWeights.Find(context.Model).Where(weight => weight.Uses.Any(WeightSlots.IsLayer)))
            if (HalfWeights.Is(weight))
                scaling.Refuse(weight, $"its weights are {weight.Content.ElementType.ToOnnxName()}; only float weights are scaled");
            else if (Plan(weight, policy, context, context.Opset(weight.Value.Graph)) is ({ } plan, null) && new WeightMatrix(weight.Content, plan.ChannelAxis) is var matrix)
                layers[weight.Value] = new(matrix, plan.Grid, plan.BlockSizeOf(matrix));
        scaling.Run(layers);
        return scaling;
    }

    /// <param name="found">The weight as it is stored.</param>
    /// <returns>How it is going to be stored, or why it stays as it is.</returns>
    private (WeightPlan? Plan, string? Refusal) Plan(WeightCandidate found, WeightPolicy policy, PassContext context, long opset)
    {
        if (WhyNot(found, policy, context) is { } refusal)
            return (null, refusal);
        var (plan, noPlan) = Planner(policy.BitsOf(found)).Plan(found, opset);
        return plan is null
            ? (null, noPlan)
            : (plan, WeightGuards.SmallGain(found.Content, plan.ByteCount(new WeightMatrix(found.Content, plan.ChannelAxis))));
    }

    private string? WhyNot(WeightCandidate found, WeightPolicy policy, PassContext context) =>
        WeightGuards.RefusalOfFound(found, Selector, context.Opset(found.Value.Graph)) ?? policy.Refusal(found);

    /// <returns>Why the weight stays as it is, or null.</returns>
    internal string? Compress(WeightCandidate found, WeightRun run)
    {
        if (run.Lstm.Takes(found))
            return WhyNot(found, run.Policy, run.Context) ?? run.Lstm.Compress(found);
        var planned = Plan(found, run.Policy, run.Context, run.Context.Opset(found.Value.Graph));
        if (planned is not ({ } plan, null))
            return WhyInAnyOpset(found, run) ?? planned.Refusal;
        var matrix = new WeightMatrix(found.Content, plan.ChannelAxis);
        using var quantized = run.IsBlank ? QuantizedWeight.Blank(plan.Grid, matrix, plan.BlockSizeOf(matrix)) : Quantize(found, matrix, plan, run);
        if (quantized is null)
            return WeightGuards.NotFinite(found, run.Context);
        Write(found, plan, quantized, run);
        return null;
    }

    /// <summary>What speaks against the weight even where the standard has all forms; null where the opset alone is in the way.</summary>
    private string? WhyInAnyOpset(WeightCandidate found, WeightRun run) => options.Format == WeightFormat.Standard
        ? Plan(found, run.Policy, run.Context, StandardOpset.Steps[^1]).Refusal
        : null;

    private QuantizedWeight? Quantize(WeightCandidate weight, WeightMatrix matrix, WeightPlan plan, WeightRun run)
    {
        using var held = matrix.Hold();
        return run.Inputs?.Of(weight) is var (seen, chooser) && seen.Depth == matrix.Depth
            ? options.Algorithm.Quantize(matrix, plan.Grid, plan.BlockSizeOf(matrix), seen, chooser)
            : options.Algorithm.Quantize(matrix, plan.Grid, plan.BlockSizeOf(matrix));
    }

    private WeightPlanner Planner(int bits) =>
        _planners.TryGetValue(bits, out var known) ? known : _planners[bits] = new WeightPlanner(options with { Bits = bits }, _upgradeProblem);

    private void Write(WeightCandidate weight, WeightPlan plan, QuantizedWeight quantized, WeightRun run)
    {
        if (!run.Context.Rewriting($"store weight as {plan}", weight.Value))
            return;
        run.Notes.Add(weight, plan);
        HalfWeights.Prepare(weight);
        var words = $"{plan}{run.Scaling?.Words(weight)}{Words(run.Inputs?.IsUnseen(weight.Value) == true, quantized.Gain)}";
        var model = run.Context.Model;
        var bytes = plan.Form.Write(model, plan.Form is StorageForm ? weight : AttentionProjection.TakeOut(model, weight), quantized);
        HalfWeights.CleanUp(weight);
        weight.Value.RemoveIfUnused();
        run.Context.Compressed(weight.Name, weight.Content, bytes, words);
    }

    /// <summary>How the codes were chosen, where that is not by rounding to nearest as everybody expects.</summary>
    private string Words(bool isUnseen, JudgedGain? gain) => options.Algorithm == WeightAlgorithm.RoundToNearest ? ""
        : $", {(isUnseen || gain is null ? options.Algorithm.OfUnseen : options.Algorithm)}{(gain is null ? "" : $" {gain}")}";

    /// <summary>What all weights of a run share.</summary>
    /// <param name="IsBlank">Writes no codes that mean anything: for who asks for sizes only, which then cost no look at the weights.</param>
    internal sealed record WeightRun(
        PassContext Context, WeightPolicy Policy, WeightInputs? Inputs, InputScaling? Scaling, WeightNotes Notes, LstmWeights Lstm, bool IsBlank = false);
}
