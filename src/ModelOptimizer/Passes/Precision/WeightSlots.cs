using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Which inputs of which operators are weights.</summary>
internal static class WeightSlots
{
    private static readonly Dictionary<string, int[]> Slots = new()
    {
        ["MatMul"] = [0, 1],
        ["Gemm"] = [0, 1],
        ["Gather"] = [0],
        ["Conv"] = [1],
        ["ConvTranspose"] = [1],
        ["LSTM"] = [1, 2],
        ["GRU"] = [1, 2],
        ["RNN"] = [1, 2],
    };

    public static bool IsWeight(Use use) =>
        use.User.Domain.Length == 0 && Slots.TryGetValue(use.User.OpType, out var slots) && slots.Contains(use.Index);

    /// <summary>True when the weight [depth, channels] (or [channels, depth] under transB) is what the activations are multiplied by.</summary>
    public static bool IsProduct(Use use) => use.User.Is("MatMul", "Gemm") && use.Index == 1;

    /// <summary>True when rows of the weight are looked up.</summary>
    public static bool IsLookup(Use use) => use.User.Is("Gather") && use.Index == 0 && use.User.Attributes.GetInt("axis", 0) == 0;

    /// <summary>The axis of the weight that the output channels stand on.</summary>
    public static int ChannelAxis(Use use, int rank) => use.User.OpType switch
    {
        "MatMul" => use.Index == 1 ? rank - 1 : rank - 2,
        "Gemm" => TransB(use.User) ? 0 : 1,
        "Conv" or "Gather" => 0,
        // Input channels × output channels for ConvTranspose; directions × gates × inputs for recurrent layers.
        _ => 1,
    };

    public static bool TransB(Node gemm) => gemm.OpType == "Gemm" && gemm.Attributes.GetInt("transB", 0) != 0;
}
