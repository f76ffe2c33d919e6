using System.Collections.Frozen;

namespace ModelOptimizer.Onnx;

/// <summary>What passes need to know about the standard operators beyond their names, as data.</summary>
public static class OperatorCatalog
{
    /// <summary>The newest standard operator set known here, and the newest that ONNX Runtime 1.31 loads.</summary>
    public const long LatestOpset = 26;

    private static readonly FrozenSet<string> s_random = FrozenSet.Create(
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli");

    private static readonly FrozenDictionary<string, int[]> s_weightInputs = new Dictionary<string, int[]>
    {
        ["MatMul"] = [0, 1],
        ["Gemm"] = [0, 1],
        ["Gather"] = [0],
        ["Conv"] = [1],
        ["ConvTranspose"] = [1],
        ["LSTM"] = [1, 2],
        ["GRU"] = [1, 2],
        ["RNN"] = [1, 2],
    }.ToFrozenDictionary();

    /// <summary>The same for operators that only ONNX Runtime has, which it makes of standard ones.</summary>
    private static readonly FrozenDictionary<string, int[]> s_runtimesWeightInputs = new Dictionary<string, int[]>
    {
        // The projections to query, key and value, side by side.
        ["Attention"] = [1],
        ["FusedMatMul"] = [0, 1],
        ["FusedGemm"] = [0, 1],
        ["FusedConv"] = [1],
        // Tables of words, positions and segments.
        ["EmbedLayerNormalization"] = [2, 3, 4],
    }.ToFrozenDictionary();

    /// <summary>False for what draws random numbers, also inside a body, and for operators that nobody knows here.</summary>
    public static bool IsDeterministic(Node node) => node.Domain.Length == 0
        && !s_random.Contains(node.OpType)
        // From opset 12 on an input turns Dropout's training mode on.
        && !(node.OpType == "Dropout" && node.Input(2) is not null)
        && node.Bodies.All(body => body.Graph.Nodes.All(IsDeterministic));

    /// <summary>The inputs that hold weights where they are constant; empty for operators that have none.</summary>
    public static ReadOnlySpan<int> WeightInputs(Node node) => node.Domain switch
    {
        "" when s_weightInputs.TryGetValue(node.OpType, out var inputs) => inputs,
        "com.microsoft" when s_runtimesWeightInputs.TryGetValue(node.OpType, out var inputs) => inputs,
        _ => [],
    };

    /// <summary>The axis of a weight that its output channels stand on; for an embedding the rows that are looked up.</summary>
    /// <param name="node">The reader of the weight.</param>
    /// <param name="input">One of its <see cref="WeightInputs"/>.</param>
    /// <param name="rank">The weight's rank.</param>
    public static int ChannelAxis(Node node, int input, int rank) => node.OpType switch
    {
        "MatMul" => input == 1 ? rank - 1 : rank - 2,
        "FusedMatMul" => FusedMatMulAxis(node, input == 1 ? "B" : "A", isFirst: input == 0, rank),
        "Gemm" or "FusedGemm" => node.Attributes.GetInt("transB", 0) != 0 ? 0 : 1,
        "Conv" or "FusedConv" or "Gather" or "EmbedLayerNormalization" => 0,
        // Input channels × output channels for ConvTranspose; directions × gates × inputs for recurrent layers.
        _ => 1,
    };

    /// <summary>With transBatch the rows of matrices stand before their batches: [rows, batches…, columns].</summary>
    private static int FusedMatMulAxis(Node node, string side, bool isFirst, int rank)
    {
        if (isFirst == Has("trans"))
            return rank - 1;
        return Has("transBatch") ? 0 : rank - 2;

        bool Has(string attribute) => node.Attributes.GetInt(attribute + side, 0) != 0;
    }
}
