using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores the weights of matrix products, attention and lookup tables in 8 to 2 bits, those of LSTMs in 8; activations stay floats. Codes are chosen by a
/// <see cref="WeightAlgorithm"/>, on a grid for each block or channel.
/// </summary>
[Description("Stores the weights of matrix products, attention and lookup tables in 8 to 2 bits, those of LSTMs in 8; activations stay floats. Codes are "
    + "the nearest, or chosen better: by squared error, or by what calibration data shows of the layers' inputs.")]
public sealed class QuantizeWeights(QuantizeWeightsOptions options) : ISelectivePass, ICalibratedPass
{
    public NodeSelector Selector { get; } = new(options);
    private readonly Dictionary<int, WeightPlanner> _planners = [];

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool LearnsFromData => options.Algorithm.LearnsFromInputs;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var inputs = options.Algorithm.LearnsFromInputs ? new WeightInputs(options, Selector, context) : null;
        AttentionProjection.InferMasks(context);
        var run = new WeightRun(context, new WeightPolicy(options, model), inputs, new WeightNotes(options, context), new LstmWeights(options, Selector, context));
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

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Compress(WeightCandidate found, WeightRun run)
    {
        var weight = HalfWeights.Widen(found);
        var opset = run.Context.Opset(weight.Value.Graph);
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        if ((WeightGuards.Refusal(read, Selector, opset) ?? WeightGuards.UnknownAttributes(read) ?? run.Policy.Refusal(weight)) is { } refusal)
            return refusal;
        if (run.Lstm.Takes(weight))
            return run.Lstm.Compress(weight);
        var (plan, noPlan) = Planner(run.Policy.BitsOf(weight)).Plan(weight, opset);
        if (plan is null || (HalfWeights.Is(found) && plan.Form is StorageForm))
            return noPlan ?? $"it is {found.Content.ElementType.ToOnnxName()} already; 8 bits would become float32 at every run";
        var matrix = new WeightMatrix(weight.Content, plan.ChannelAxis);
        var blockSize = plan.BlockSize == 0 ? matrix.Depth : plan.BlockSize;
        if (WeightGuards.SmallGain(found.Content, QuantizedWeight.ByteCount(plan.Grid, matrix, blockSize)) is { } small)
            return small;
        var learned = run.Inputs?.Of(weight);
        using var quantized = learned is var (seen, chooser) && seen.Depth == matrix.Depth
            ? options.Algorithm.Quantize(matrix, plan.Grid, blockSize, seen, chooser)
            : options.Algorithm.Quantize(matrix, plan.Grid, blockSize);
        if (quantized is null)
            return WeightGuards.NotFinite(weight, run.Context);
        Write(found, weight, plan, quantized, run);
        return null;
    }

    private WeightPlanner Planner(int bits) =>
        _planners.TryGetValue(bits, out var known) ? known : _planners[bits] = new WeightPlanner(options with { Bits = bits });

    private static void Write(WeightCandidate found, WeightCandidate weight, WeightPlan plan, QuantizedWeight quantized, WeightRun run)
    {
        if (!run.Context.Rewriting($"store weight as {plan}", weight.Value))
            return;
        run.Notes.Add(weight, plan);
        HalfWeights.Prepare(found);
        var model = run.Context.Model;
        var bytes = plan.Form.Write(model, plan.Form is StorageForm ? weight : AttentionProjection.TakeOut(model, weight), quantized);
        HalfWeights.CleanUp(found);
        weight.Value.RemoveIfUnused();
        run.Context.Compressed(weight.Name, found.Content, bytes, plan.ToString());
    }

    /// <summary>What all weights of a run share.</summary>
    private sealed record WeightRun(PassContext Context, WeightPolicy Policy, WeightInputs? Inputs, WeightNotes Notes, LstmWeights Lstm);
}
