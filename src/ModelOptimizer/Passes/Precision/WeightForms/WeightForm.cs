using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>One way to write a compressed weight into the graph.</summary>
internal abstract class WeightForm
{
    /// <summary>The operators it is made of, as reports name it.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of the constants that <see cref="Write"/> makes.</summary>
    /// <param name="blockSize">Weights of a channel that share a scale; the depth for whole channels.</param>
    public abstract long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize);

    /// <summary>Writes the weight for all nodes that read it.</summary>
    /// <returns>Bytes of the constants that stand for it now.</returns>
    public abstract long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized);

    private protected const string ContribDomain = "com.microsoft";

    /// <summary>Adds the constants beside the weight, in the order given; nulls stay nulls.</summary>
    private protected static (Value?[] Values, long Bytes) AddConstants(
        OnnxModel model, Graph graph, WeightCandidate weight, params ReadOnlySpan<(string Suffix, Tensor? Tensor)> constants)
    {
        var values = new Value?[constants.Length];
        var bytes = 0L;
        for (var i = 0; i < constants.Length; i++)
            if (constants[i] is (var suffix, { } tensor))
            {
                values[i] = model.AddConstant(graph, $"{weight.Name}_{suffix}", tensor);
                bytes += tensor.ByteCount;
            }
        return (values, bytes);
    }
}

/// <summary>How one weight is going to be compressed.</summary>
/// <param name="Form">How it is written.</param>
/// <param name="Grid">What it is rounded to.</param>
/// <param name="ChannelAxis">The axis of the weight that its output channels stand on.</param>
/// <param name="BlockSize">Weights that share a scale; 0 for whole channels.</param>
internal sealed record WeightPlan(WeightForm Form, WeightGrid Grid, int ChannelAxis, int BlockSize = 0)
{
    /// <summary>How many weights of a channel share a scale.</summary>
    public int BlockSizeOf(WeightMatrix matrix) => BlockSize == 0 ? matrix.Depth : BlockSize;

    /// <summary>Bytes of the constants that stand for the weight then.</summary>
    public long ByteCount(WeightMatrix matrix) => Form.ByteCount(Grid, matrix, BlockSizeOf(matrix));

    private string Type => $"{(Grid.IsSymmetric ? "int" : "uint")}{Grid.Bits}{(Grid.Bits < Grid.StorageBits ? $" stored in {Grid.StorageBits} bits" : "")}";

    public override string ToString() => $"{Type} {(BlockSize == 0 ? "per channel" : $"in blocks of {BlockSize}")} as {Form.Name}";
}
