using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Where what is added to each output of a layer stands: its own bias, or an Add behind a MatMul.</summary>
/// <param name="Reader">The node that reads it.</param>
/// <param name="Slot">Where it does.</param>
internal sealed record RefitBias(Node Reader, int Slot)
{
    /// <summary>Null where there is no place for one.</summary>
    public static RefitBias? Of(Node layer)
    {
        if (!layer.Is("MatMul"))
            return layer.Input(2) is null || IsOfEach(layer.Input(2)!, Width(layer)) ? new(layer, 2) : null;
        if (layer.Output().IsGraphOutput || layer.Output().Uses is not [{ User: var sum } use] || !sum.Is("Add"))
            return null;
        var other = 1 - use.Index;
        return sum.Input(other) is { } term && IsOfEach(term, Width(layer)) ? new(sum, other) : null;
    }

    public void Add(float[] shift, OnnxModel model)
    {
        var old = Reader.Input(Slot);
        var sum = (float[])shift.Clone();
        long[] shape = old is null ? [sum.Length] : [.. old.Constant!.Dimensions];
        for (var i = 0; old is not null && i < sum.Length; i++)
            sum[i] += old.Constant!.AsSpan<float>()[i];
        Reader.SetInput(Slot, model.AddConstant(Reader.Graph!, old?.Name ?? $"{Reader.Name}_bias", Tensor.Create(shape, sum)));
        old?.RemoveIfUnused();
    }

    /// <summary>Whether it is one number for each output, whatever axes of length 1 stand before it.</summary>
    private static bool IsOfEach(Value term, long outputs) =>
        term.Constant is { ElementType: DataType.Float } constant && constant.ElementCount == outputs && constant.Dimensions is [.., var last] && last == outputs;

    private static long Width(Node layer) =>
        layer.Is("ConvTranspose") ? layer.Input(1)!.Constant!.Dimensions[1]
            : layer.Input(1)!.Constant!.Dimensions[layer.Is("Conv") || layer.Attributes.GetInt("transB", 0) != 0 ? 0 : ^1];
}
