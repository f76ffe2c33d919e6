using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// One table of int8 rows for lookups and for products that read it transposed. The Transpose stands before DequantizeLinear: the runtime
/// folds it when it loads the model, and then fuses the rest into its n-bit product.
/// </summary>
internal sealed class TiedForm(TiedWeight tied, bool contrib) : WeightForm
{
    public override string Name => $"Gather of int8 rows and, transposed, {(contrib ? $"{ContribDomain}." : "")}DequantizeLinear";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) =>
        DequantizeLinearLayout.ByteCount(grid, weight, blockSize) + (tied.CopiesOfScales - 1L) * weight.Channels * sizeof(float);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized) => tied.Write(model, quantized, (product, codes, scales) =>
    {
        var dequantize = product.Graph!.Insert(product, "DequantizeLinear", [codes, scales], 1, contrib ? ContribDomain : "", $"{weight.Name}_dequantize");
        dequantize.Attributes.Set("axis", 1);
        if (contrib)
            model.ImportDomain(product.Graph!, ContribDomain, 1);
        DequantizeLinearForm.Multiply(model, product, dequantize.Output());
    });
}
