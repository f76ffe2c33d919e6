using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What DequantizeLinear reads in a body. The runtime fuses it with the product behind it, and fails to load the model where it reads constants of a
/// graph around the body.
/// </summary>
internal static class DequantizedInBody
{
    /// <summary>Whether a constant has to stay in the body that it is in.</summary>
    public static bool Reads(Value value) => value.Graph.Owner is not null && value.Uses.Any(use => use.User.OpType == "DequantizeLinear");

    /// <summary>The same for what a node makes of constants alone, which the runtime does once, when it loads the model.</summary>
    public static bool ReadsResultOf(Node node) => node.Outputs.OfType<Value>().Any(Reads) && node.Inputs.All(input => input?.Constant is not null);
}
