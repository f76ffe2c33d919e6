using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>What tells that a value of the candidate stands for one of the original.</summary>
public enum MatchKind
{
    /// <summary>They have the same name.</summary>
    Name,

    /// <summary>A tool derived its name from the original's, or its node is called as the original's.</summary>
    DerivedName,

    /// <summary>It comes from the node of the same kind at the same place in order, of equally many.</summary>
    Position,
}

/// <summary>A value of the original and what stands for it.</summary>
/// <param name="Node">The original's node that makes it.</param>
/// <param name="Original">The original's value.</param>
/// <param name="Computed">The candidate's, as it is computed; integers when <see cref="Codes"/> is there.</param>
internal sealed record ValueMatch(Node Node, Value Original, Value Computed, MatchKind Kind)
{
    /// <summary>Scale and zero point of <see cref="Computed"/>, when it comes out of its node quantized.</summary>
    public (Value Scale, Value? ZeroPoint)? Codes { get; init; }

    /// <summary>The candidate's after QuantizeLinear and DequantizeLinear, which is what its readers see; null when they read it as it is.</summary>
    public Value? Rounded { get; init; }

    /// <summary>What its readers' quantization can represent; null when there is none, or it is not constant.</summary>
    public Quantizer? Quantizer { get; init; }
}
