using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Puts what a model-local function does in the place of each call, and takes its definition away when no call is left. Runtimes do so when
/// they load a model; here it lets passes see across the border, at the price of a larger file where a function is called often.
/// <code>
/// local.Scale(x, factor = 2)  =>  Mul(x, 2)
/// </code>
/// </summary>
[Description("Puts what a model-local function does in the place of each call, so that other passes see across the border.")]
public sealed class InlineFunctions : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        if (model.Functions.Count == 0)
            return;
        new FunctionInliner(model, context).Run();
        new EliminateUnusedFunctions().Run(model, context);
    }
}
