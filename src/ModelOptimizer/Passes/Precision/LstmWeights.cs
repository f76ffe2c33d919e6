using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// The weights of LSTMs, for which ONNX Runtime has one operator that reads codes: DynamicQuantizeLSTM, of 8 bits, both weights of a node together. No
/// sum of two products can overflow 16 bits, whatever the CPU: channels where one could are rounded a little coarser.
/// </summary>
internal sealed class LstmWeights(QuantizeWeightsOptions options, NodeSelector selector, PassContext context)
{
    private readonly DynamicLstm _form = new(context.Model);
    private readonly WeightGrid _grid = new(8, IsSymmetric: true);

    /// <summary>
    /// True for a weight that LSTMs alone read, unless only operators of the standard may be written, or it can be stored in another way at least:
    /// a size budget has a choice for each weight by itself, and so for that way only.
    /// </summary>
    public bool Takes(WeightCandidate weight) => options.Format != WeightFormat.Standard && weight.Uses.All(_form.Reads)
        && !(options.Storage && (options.Budget is not null || Refusal(weight) is not null));

    /// <summary>Compresses the weight with all that stand or fall with it.</summary>
    /// <returns>Why it stays as it is, or null.</returns>
    public string? Compress(WeightCandidate weight)
    {
        var group = _form.Group(weight);
        if ((Refusal(weight) ?? group.Select(Guard).FirstOrDefault(why => why is not null)) is { } refusal)
            return refusal;
        var parts = new List<DynamicPart>();
        try
        {
            foreach (var member in group)
            {
                if (LeastSquaresRounding.QuantizeWithin16Bits(_form.Matrix(member), _grid, out _) is not { } codes)
                    return WeightGuards.NotFinite(member, context);
                parts.Add(new DynamicPart(member, codes, "int8 per channel"));
            }
            Write(parts);
            return null;
        }
        finally
        {
            parts.ForEach(part => part.Codes.Dispose());
        }
    }

    /// <summary>Why the operator can't read the weight; null when it can.</summary>
    private string? Refusal(WeightCandidate weight) => HalfWeights.Is(weight)
        ? $"it is {weight.Content.ElementType.ToOnnxName()}, and only float32 weights of LSTM are compressed: "
            + "put quantize-weights before convert-float16"
        : _form.Refusal(_form.Group(weight), context);

    private string? Guard(WeightCandidate weight) => WeightGuards.Refusal(weight, selector, context.Opset(weight.Value.Graph))
        ?? WeightGuards.UnknownAttributes(weight)
        ?? SmallGain(weight);

    private string? SmallGain(WeightCandidate weight)
    {
        var matrix = _form.Matrix(weight);
        return WeightGuards.SmallGain(weight.Content, DequantizeLinearLayout.ByteCount(_grid, matrix, matrix.Depth));
    }

    private void Write(List<DynamicPart> parts)
    {
        if (!context.Rewriting($"store weights of LSTM as int8 for {_form.Name}", parts[0].Weight.Value))
            return;
        foreach (var (part, bytes) in parts.Zip(_form.Write(parts)))
        {
            part.Weight.Value.RemoveIfUnused();
            context.Compressed(part.Weight.Name, part.Weight.Content, bytes, $"{part.Grid} as {_form.Name}, which rounds activations to 8 bits, too");
        }
    }
}
