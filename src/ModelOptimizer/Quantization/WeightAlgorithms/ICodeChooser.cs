namespace ModelOptimizer.Quantization;

/// <summary>Knows the inputs of a layer and chooses codes for them.</summary>
internal interface ICodeChooser
{
    /// <summary>Gives the weights new codes on the scales that they have.</summary>
    /// <param name="weight">The weights, channels × inputs.</param>
    /// <param name="quantized">Their scales and codes; the codes are changed.</param>
    void Round(WeightMatrix weight, QuantizedWeight quantized);
}
