using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// One table of blocks for lookups and for products that read it transposed: GatherBlockQuantized and MatMulNBits want the same bytes, in two shapes.
/// The Reshape between is folded when the runtime loads the model.
/// </summary>
internal sealed class TiedBlocksForm(TiedWeight tied) : WeightForm
{
    public override string Name => $"{ContribDomain}.GatherBlockQuantized and {ContribDomain}.MatMulNBits";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) =>
        GatherBlockQuantizedLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var (constants, bytes) = BlockLookupForm.AddTable(model, weight.Value.Graph, weight, quantized);
        foreach (var lookup in tied.Weight.Uses.Where(WeightSlots.IsLookup))
            BlockLookupForm.Replace(model, lookup.User, quantized, constants);
        var blob = quantized.BlockSize * quantized.Grid.StorageBits / 8;
        foreach (var product in tied.Weight.Uses.Where(WeightSlots.IsProduct).Select(use => use.User).ToList())
        {
            var shape = model.AddConstant(product.Graph!, $"{weight.Name}_shape", Tensor.Create([3], quantized.Channels, quantized.Blocks, blob));
            var blocks = product.Graph!.Insert(product, "Reshape", [constants[0], shape], name: $"{weight.Name}_blocks");
            MatMulNBitsForm.Replace(model, product, quantized, [blocks.Output(), .. constants[1..]]);
        }
        foreach (var transpose in tied.Transposes)
            transpose.Remove();
        return bytes;
    }
}
