using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What becomes of an operator between integers.</summary>
internal enum QuantizedKind
{
    /// <summary>Multiplies activations by weights or by each other, and sums up: where the time goes.</summary>
    Product,

    /// <summary>Computes with activations, element by element or in windows.</summary>
    Arithmetic,

    /// <summary>Moves or chooses elements as they are: the same parameters on both sides lose nothing.</summary>
    Movement,

    /// <summary>Cuts off what is too low or too high, as the rounding of its result does all the same.</summary>
    Clamp,
}

/// <summary>One operator that can run on integers.</summary>
/// <param name="Activations">The inputs that carry activations, or constants in their place; empty for all.</param>
internal sealed record QuantizableOperator(QuantizedKind Kind, params IReadOnlyList<int> Activations)
{
    /// <summary>The bias, of int32.</summary>
    public int? Bias { get; init; }

    /// <summary>True when its kernel puts out codes only; others put out floats as well, which loses less.</summary>
    public bool NeedsOutput { get; init; }

    /// <summary>Why it is quantized only where <c>operators</c> names it; null when it is by default.</summary>
    public string? OnRequest { get; init; }
}

/// <summary>
/// Every operator that static quantization knows: one row each. By default products are taken, and movement between them: on real models each other
/// row cost accuracy and saved no time. A movement has a row where the runtime moves codes. Softmax is none of them: its scores stay float, and the
/// range of its result is fixed.
/// </summary>
internal static class QuantizableOperators
{
    private const string CostsAccuracy = "quantized it costs accuracy and saves no time";
    private const string NoKernel = "the runtime has no integer kernel for it: the model would get smaller, but slower than in float";

    private static readonly FrozenDictionary<string, QuantizableOperator> Rows = new Dictionary<string, QuantizableOperator>
    {
        ["Conv"] = new(QuantizedKind.Product, 0, 1) { Bias = 2, NeedsOutput = true },
        ["MatMul"] = new(QuantizedKind.Product, 0, 1),
        ["Gemm"] = new(QuantizedKind.Product, 0, 1) { Bias = 2 },
        ["ConvTranspose"] = new(QuantizedKind.Product, 0, 1) { Bias = 2, OnRequest = NoKernel },

        ["Add"] = new(QuantizedKind.Arithmetic, 0, 1) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["Mul"] = new(QuantizedKind.Arithmetic, 0, 1) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["Sub"] = new(QuantizedKind.Arithmetic, 0, 1) { NeedsOutput = true, OnRequest = NoKernel },
        ["AveragePool"] = new(QuantizedKind.Arithmetic, 0) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["GlobalAveragePool"] = new(QuantizedKind.Arithmetic, 0) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["LeakyRelu"] = new(QuantizedKind.Arithmetic, 0) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["Sigmoid"] = new(QuantizedKind.Arithmetic, 0) { NeedsOutput = true, OnRequest = CostsAccuracy },
        ["Concat"] = new(QuantizedKind.Arithmetic) { NeedsOutput = true, OnRequest = CostsAccuracy },

        ["Reshape"] = new(QuantizedKind.Movement, 0),
        ["Flatten"] = new(QuantizedKind.Movement, 0),
        ["Squeeze"] = new(QuantizedKind.Movement, 0),
        ["Unsqueeze"] = new(QuantizedKind.Movement, 0),
        ["Transpose"] = new(QuantizedKind.Movement, 0),
        ["Slice"] = new(QuantizedKind.Movement, 0),
        ["Split"] = new(QuantizedKind.Movement, 0),
        ["Gather"] = new(QuantizedKind.Movement, 0),
        ["Expand"] = new(QuantizedKind.Movement, 0),
        ["Tile"] = new(QuantizedKind.Movement, 0),
        ["MaxPool"] = new(QuantizedKind.Movement, 0),
        ["Resize"] = new(QuantizedKind.Movement, 0),

        ["Relu"] = new(QuantizedKind.Clamp, 0),
        ["Clip"] = new(QuantizedKind.Clamp, 0),
    }.ToFrozenDictionary();

    /// <summary>The operator's row; null for one that stays as it is.</summary>
    public static QuantizableOperator? Find(Node node) => node.Domain.Length == 0 ? Rows.GetValueOrDefault(node.OpType) : null;

    /// <summary>True when the node hands on elements of its first input as they are.</summary>
    public static bool Moves(Node node) => Find(node) is { Kind: QuantizedKind.Movement } && WhyNotMoved(node) is null;

    /// <summary>Why a node whose operator can move elements does not hand them on as they are; null when it does.</summary>
    public static string? WhyNotMoved(Node node) => node.OpType switch
    {
        "Resize" when node.Attributes.TryGetString("mode") is { } mode and not "nearest" =>
            $"its mode '{mode}' makes new numbers between those it reads, so that it stays float; 'nearest' would move codes",
        "Resize" when node.Attributes.TryGetString("coordinate_transformation_mode") == "tf_crop_and_resize" =>
            "'tf_crop_and_resize' puts a constant beside the picture, so that it stays float",
        "MaxPool" when node.Outputs.Count > 1 => "positions of the largest elements have no codes, so that it stays float",
        _ => null,
    };

    /// <summary>The range that the operator's results lie in, whatever it reads; null where that depends.</summary>
    public static (float Low, float High)? FixedRange(Node node) => node.Domain.Length > 0 ? null : node.OpType switch
    {
        "Softmax" or "Sigmoid" or "HardSigmoid" => (0, 1),
        "Tanh" or "Erf" or "Sin" or "Cos" or "Softsign" => (-1, 1),
        _ => null,
    };
}
