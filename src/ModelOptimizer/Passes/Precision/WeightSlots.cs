using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Which inputs of which operators are weights.</summary>
internal static class WeightSlots
{
    public static bool IsWeight(Use use) =>
        OperatorCatalog.WeightInputs(use.User).Contains(use.Index);

    /// <summary>True when the weight [depth, channels] (or [channels, depth] under transB) is what the activations are multiplied by.</summary>
    public static bool IsProduct(Use use) => use.User.Is("MatMul", "Gemm") && use.Index == 1;

    /// <summary>True when the weight [depth, channels] is a layer's, be it inside a fused operator.</summary>
    public static bool IsLayer(Use use) => IsProduct(use) || AttentionProjection.Is(use);

    /// <summary>True when rows of the weight are looked up.</summary>
    public static bool IsLookup(Use use) => use.User.Is("Gather") && use.Index == 0 && use.User.Attributes.GetInt("axis", 0) == 0;

    /// <summary>True when the node multiplies what it reads there by a weight.</summary>
    public static bool IsActivationOfLayer(Use use)
    {
        foreach (var weight in OperatorCatalog.WeightInputs(use.User))
            if (weight != use.Index && !use.User.Is("Gather") && use.User.Input(weight)?.Constant is not null)
                return true;
        return false;
    }

    /// <summary>The axis of the weight that the output channels stand on.</summary>
    public static int ChannelAxis(Use use, int rank) => OperatorCatalog.ChannelAxis(use.User, use.Index, rank);

    /// <summary>Who reads the weight there, in words.</summary>
    public static string Reader(Use use) => use.User.IsReturn ? "the graph's output" : use.User.ToString();
}
