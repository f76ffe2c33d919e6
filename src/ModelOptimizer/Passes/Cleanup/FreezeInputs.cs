using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes constants of the initializers that callers may feed (from IR 4 on: those that are inputs too), so that other passes may fold and
/// compress them. It changes the model's signature, so it runs only where a profile asks for it.
/// </summary>
[Description("Makes constants of initializers that callers may feed, so that other passes may fold and compress them. Changes the signature.")]
public sealed class FreezeInputs : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        foreach (var value in model.Graph.Inputs.Where(input => input.IsOverridable).ToList())
            if (context.Rewriting("freeze an input at its default", value))
                model.Graph.FreezeInput(value);
    }
}
