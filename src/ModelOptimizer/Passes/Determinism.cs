using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Which operators give equal outputs for equal inputs.</summary>
internal static class Determinism
{
    private static readonly FrozenSet<string> Random = FrozenSet.Create(
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli");

    /// <summary>False for what draws random numbers, also inside a body, and for what nobody knows here.</summary>
    public static bool IsDeterministic(Node node) =>
        node.Domain.Length == 0 && !Random.Contains(node.OpType)
        // From opset 12 on an input turns Dropout's training mode on.
        && !(node.OpType == "Dropout" && node.Input(2) is not null)
        && node.Bodies.All(body => body.Graph.Nodes.All(IsDeterministic));
}
