namespace ModelOptimizer.Quantization;

/// <summary>The instruction sets for 8-bit products on which a model is going to run.</summary>
public enum TargetIsa
{
    /// <summary>x86 without VNNI (before about 2019): adds two products of uint8 and int8 in 16 bits, where large sums are clipped.</summary>
    Avx2,

    /// <summary>x86 with VNNI: sums of 32 bits.</summary>
    Vnni,

    /// <summary>Arm with dot products: sums of 32 bits, fastest where both operands are signed.</summary>
    Arm64,
}
