using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>What one node's operands are rounded to.</summary>
internal sealed record NodePrecision(AffineGrid Activations, AffineGrid Weights, bool PerChannel)
{
    /// <summary>The standard operators that have the QuantizeLinear it needs.</summary>
    public long Opset => Activations.IsWide ? WideOpset : PerChannel ? PerAxisOpset : PerTensorOpset;

    /// <summary>True where two products of unsigned activations and signed weights are added in 16 bits on x86 without VNNI.</summary>
    public bool MaySaturate => Activations.Type == DataType.UInt8 && Weights is { Type: DataType.Int8, High: > 64 };

    /// <summary>The first version with QuantizeLinear.</summary>
    public const long PerTensorOpset = 10;

    /// <summary>The first version whose DequantizeLinear has an axis.</summary>
    public const long PerAxisOpset = 13;

    /// <summary>The first version with 16-bit types.</summary>
    public const long WideOpset = 21;
}

/// <summary>Answers what each node's operands are rounded to: the options, the CPUs that they name, and overrides.</summary>
internal sealed class PrecisionChoice
{
    private readonly QuantizeStaticOptions _options;
    private readonly IReadOnlyList<(PrecisionOverride Override, NodeSelector Selector)> _overrides;

    public PrecisionChoice(QuantizeStaticOptions options)
    {
        _options = options;
        _overrides = [.. options.Overrides.Reverse().Select(entry => (entry, new NodeSelector(new OverrideSelection { Include = entry.Nodes })))];
    }

    /// <param name="weight">The node's weight, whose name counts like the node's own.</param>
    public NodePrecision For(Node node, Value? weight)
    {
        var other = _overrides.FirstOrDefault(pair => pair.Selector.Selects(node, weight)).Override;
        var activations = other?.Activations ?? _options.Activations ?? DefaultActivations;
        var weights = other?.Weights ?? _options.Weights;
        var reduced = activations == ActivationType.UInt8 && weights == WeightType.Int8 && _options.TargetIsa.Contains(TargetIsa.Avx2);
        return new NodePrecision(
            AffineGrid.ForActivations(TypeOf(activations), _options.SymmetricActivations ?? activations is ActivationType.Int8 or ActivationType.Int16),
            AffineGrid.ForWeights(weights == WeightType.Int8 ? DataType.Int8 : DataType.UInt8, _options.SymmetricWeights ?? weights == WeightType.Int8, reduced),
            other?.PerChannel ?? _options.PerChannel);
    }

    /// <summary>Arm's dot products want both operands signed; everything else is fastest with unsigned activations.</summary>
    private ActivationType DefaultActivations => _options.TargetIsa is [TargetIsa.Arm64] ? ActivationType.Int8 : ActivationType.UInt8;

    private static DataType TypeOf(ActivationType type) => type switch
    {
        ActivationType.UInt8 => DataType.UInt8,
        ActivationType.Int8 => DataType.Int8,
        ActivationType.UInt16 => DataType.UInt16,
        _ => DataType.Int16,
    };

    private sealed record OverrideSelection : Profiles.SelectionOptions;
}
