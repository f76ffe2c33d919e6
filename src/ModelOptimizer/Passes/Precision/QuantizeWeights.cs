using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores the weights of matrix products and lookup tables in 8 to 2 bits; activations stay floats. Codes are chosen by a
/// <see cref="WeightAlgorithm"/>, on a grid for each block or channel.
/// </summary>
[Description("Stores the weights of matrix products and lookup tables in 8 to 2 bits; activations stay floats. Codes are the nearest, or chosen better: "
    + "by squared error, or by what calibration data shows of the layers' inputs.")]
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
        var (policy, notes) = (new WeightPolicy(options, model), new WeightNotes(options, context));
        foreach (var weight in WeightCandidate.Find(model))
        {
            if (context.IsDone)
                break;
            if (Compress(weight, policy, inputs, notes, context) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        inputs?.Report();
        notes.Report();
    }

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Compress(WeightCandidate weight, WeightPolicy policy, WeightInputs? inputs, WeightNotes notes, PassContext context)
    {
        var opset = context.Opset(weight.Value.Graph);
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        if ((WeightGuards.Refusal(read, Selector, opset) ?? WeightGuards.UnknownAttributes(read) ?? policy.Refusal(weight)) is { } refusal)
            return refusal;
        var (plan, noPlan) = Planner(policy.BitsOf(weight)).Plan(weight, opset);
        if (plan is null)
            return noPlan;
        var matrix = new WeightMatrix(weight.Content, plan.ChannelAxis);
        var blockSize = plan.BlockSize == 0 ? matrix.Depth : plan.BlockSize;
        if (WeightGuards.SmallGain(weight.Content, QuantizedWeight.ByteCount(plan.Grid, matrix, blockSize)) is { } small)
            return small;
        var learned = inputs?.Of(weight);
        using var quantized = learned is var (seen, chooser) && seen.Depth == matrix.Depth
            ? options.Algorithm.Quantize(matrix, plan.Grid, blockSize, seen, chooser)
            : options.Algorithm.Quantize(matrix, plan.Grid, blockSize);
        if (quantized is null)
            return WeightGuards.NotFinite(weight, context);
        Write(weight, plan, quantized, notes, context);
        return null;
    }

    private WeightPlanner Planner(int bits) =>
        _planners.TryGetValue(bits, out var known) ? known : _planners[bits] = new WeightPlanner(options with { Bits = bits });

    private static void Write(WeightCandidate weight, WeightPlan plan, QuantizedWeight quantized, WeightNotes notes, PassContext context)
    {
        if (!context.Rewriting($"store weight as {plan}", weight.Value))
            return;
        notes.Add(weight, plan);
        var bytes = plan.Form.Write(context.Model, weight, quantized);
        weight.Value.RemoveIfUnused();
        context.Compressed(weight.Name, weight.Content, bytes, plan.ToString());
    }
}
