using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record ClampConstantsOptions
{
    /// <summary>Two masks may be added to one score: their sum still has to be a float16.</summary>
    [Option("What they become. Nearer to zero leaves 8-bit activations finer steps; farther away leaves more room for scores.",
        Minimum = -32752, Maximum = -1000)]
    public double Value { get; init; } = -10000;
}

/// <summary>
/// Replaces −∞ and other values below the range of float16 in attention masks, so that the model can be stored and run in float16 and
/// quantized to 8 bits. Only constants whose every way ends in a Softmax are masks, and behind it −10000 is the same zero, unless scores
/// differ by thousands. Only a row in which everything is masked, whose result means nothing, may come out otherwise.
/// <code>
/// Softmax(Add(scores, Where(keep, 0, -3.4e38)))  =>  Softmax(Add(scores, Where(keep, 0, -10000)))
/// </code>
/// </summary>
[Description("Replaces -inf and other values below the range of float16 in attention masks by one that float16 and int8 can hold.")]
public sealed class ClampConstants(ClampConstantsOptions options) : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        context.InferTypes();
        foreach (var mask in MaskConstant.Find(model).ToList())
        {
            var paths = MaskPaths.From(mask.Value, mask.IsInfinite);
            if (!paths.ReachesSoftmax)
                continue;
            if (paths.Refusal is { } why)
                context.RefuseWeight(mask.Value.Name, mask.Content, why);
            else if (context.Rewriting($"clamp a mask to {options.Value}", mask.Value))
                mask.Clamp((float)options.Value, model);
        }
    }
}
