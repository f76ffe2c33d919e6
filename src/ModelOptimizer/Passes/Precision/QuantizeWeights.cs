using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores the weights of matrix products and lookup tables in 8, 4 or 2 bits; activations stay floats. Codes are chosen by a
/// <see cref="WeightAlgorithm"/>, on a grid for each block or channel.
/// </summary>
[Description("Stores the weights of matrix products and lookup tables in 8, 4 or 2 bits; activations stay floats. Codes are the nearest, or chosen better: "
    + "by squared error, or by what calibration data shows of the layers' inputs.")]
public sealed class QuantizeWeights(QuantizeWeightsOptions options) : ISelectivePass, ICalibratedPass
{
    public NodeSelector Selector { get; } = new(options);
    private readonly WeightPlanner _planner = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool LearnsFromData => options.Algorithm.LearnsFromInputs;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var inputs = options.Algorithm.LearnsFromInputs ? new WeightInputs(options, Selector, context) : null;
        foreach (var weight in WeightCandidate.Find(model))
        {
            if (context.IsDone)
                break;
            if (Compress(weight, inputs, context) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
        inputs?.Report();
    }

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Compress(WeightCandidate weight, WeightInputs? inputs, PassContext context)
    {
        var opset = context.Opset(weight.Value.Graph);
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        if ((WeightGuards.Refusal(read, Selector, opset) ?? WeightGuards.UnknownAttributes(read)) is { } refusal)
            return refusal;
        var (plan, noPlan) = _planner.Plan(weight, opset);
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
        Write(weight, plan, quantized, context);
        return null;
    }

    private static void Write(WeightCandidate weight, WeightPlan plan, QuantizedWeight quantized, PassContext context)
    {
        if (!context.Rewriting($"store weight as {plan}", weight.Value))
            return;
        var bytes = plan.Form.Write(context.Model, weight, quantized);
        weight.Value.RemoveIfUnused();
        context.Compressed(weight.Name, weight.Content, bytes, plan.ToString());
    }
}
