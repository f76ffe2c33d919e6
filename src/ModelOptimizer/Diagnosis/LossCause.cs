namespace ModelOptimizer.Diagnosis;

/// <summary>Why a value lost much of its precision.</summary>
public enum LossCause
{
    /// <summary>An attention mask of hugely negative numbers stretches the range, so that scores fall onto few codes.</summary>
    MaskConstant,

    /// <summary>One channel is much larger than the others and stretches the range for all.</summary>
    OutlierChannel,

    /// <summary>Few numbers are much larger than the others.</summary>
    Outliers,

    /// <summary>Numbers lie outside of what can be represented: the range was found on other data, or cut too tightly.</summary>
    ClippedRange,

    /// <summary>The range is much wider than the numbers.</summary>
    WideRange,

    /// <summary>A scale of the weight serves large and small weights alike.</summary>
    CoarseWeightScale,

    /// <summary>The weight has too few bits.</summary>
    FewWeightBits,

    /// <summary>Sums of 16 bits overflow on this CPU.</summary>
    SaturatingSum,

    /// <summary>Numbers exceed the range of the candidate's type.</summary>
    Overflow,

    /// <summary>Nothing is quantized here: the operator makes noise that was there already weigh more.</summary>
    Amplification,

    /// <summary>The steps of the codes are as coarse as they look: nothing stands out.</summary>
    Resolution,
}
