using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Stores constants as codes, once for all readers of equal precision, with a DequantizeLinear in each graph that reads them.</summary>
internal sealed class WeightPairs(QdqConstants constants, PassContext context)
{
    private readonly Dictionary<(Value, AffineGrid, int? Axis, float Factor), StoredWeight> _stored = [];
    private readonly List<Value> _replaced = [];

    /// <summary>Kernels that were not rounded to nearest, with the nearest codes.</summary>
    public List<(Value Codes, Tensor Nearest)> Balanced { get; } = [];

    /// <summary>Quantizes a constant.</summary>
    /// <param name="factor">What it is multiplied by first.</param>
    /// <param name="givenScales">Scales that a bias asks for; see <see cref="AffineTensor.Quantize"/>.</param>
    /// <param name="kernel">How the kernel of a Conv is rounded; null for other constants. Of several readers the first one counts.</param>
    public StoredWeight Store(Value value, AffineGrid grid, int? axis, float factor, KernelRounding? kernel, Func<AffineTensor, float[]?> givenScales)
    {
        var key = (value, grid, axis, factor);
        var content = Scaled(value.Constant!, factor);
        var known = _stored.GetValueOrDefault(key);
        var tensor = known?.Tensor ?? AffineTensor.Quantize(content, axis, grid);
        if (givenScales(tensor) is { } given)
            return AddBalanced(AffineTensor.Quantize(content, axis, grid, given));
        return known ?? (_stored[key] = AddBalanced(tensor));

        StoredWeight AddBalanced(AffineTensor nearest)
        {
            var chosen = kernel?.Balance(content, nearest, grid) ?? nearest;
            var weight = Add(value, chosen);
            if (!chosen.Codes.Bytes.SequenceEqual(nearest.Codes.Bytes))
                Balanced.Add((weight.Codes, context.Model.PutAside(nearest.Codes)));
            return weight;
        }
    }

    /// <summary>Lets an input read the stored weight.</summary>
    public void Read(Node reader, int index, StoredWeight weight, string name)
    {
        _replaced.Add(reader.Input(index)!);
        if (!weight.Dequantized.TryGetValue(reader.Graph!, out var dequantized))
            weight.Dequantized[reader.Graph!] = dequantized = Dequantize(reader, weight, name);
        reader.SetInput(index, dequantized);
    }

    /// <summary>Stores a bias as int32 beside its reader.</summary>
    public void ReadBias(Node reader, int index, Tensor codes, float[] scales)
    {
        var bias = reader.Input(index)!;
        _replaced.Add(bias);
        var graph = reader.Graph!;
        var isScalar = scales.Length == 1;
        var codesValue = context.Model.AddConstant(graph, $"{bias.Name}_quantized", codes);
        var scale = context.Model.AddConstant(graph, $"{bias.Name}_scale", Tensor.Create(isScalar ? [] : [scales.Length], scales));
        var node = constants.InsertBefore(reader, "DequantizeLinear", [codesValue, scale], $"{bias.Name}_dequantize",
            isScalar ? NodePrecision.PerTensorOpset : NodePrecision.PerAxisOpset);
        if (!isScalar)
            node.Attributes.Set("axis", codes.Dimensions.Length - 1);
        reader.SetInput(index, node.Output());
    }

    /// <summary>Takes the floats away that nothing reads any more.</summary>
    public void RemoveReplaced() => ConstantValues.RemoveUnused(_replaced);

    private StoredWeight Add(Value value, AffineTensor tensor)
    {
        var (scales, zeroPoints) = (tensor.ScaleTensor(), tensor.ZeroPointTensor());
        var codes = context.Model.AddConstant(value.Graph, $"{value.Name}_quantized", tensor.Codes);
        // With the codes where they are put aside: what was made must not stay in memory.
        var weight = new StoredWeight(tensor with { Codes = codes.Constant! },
            codes,
            context.Model.AddConstant(value.Graph, $"{value.Name}_scale", scales),
            context.Model.AddConstant(value.Graph, $"{value.Name}_zero_point", zeroPoints));
        context.Compressed(value.Name, value.Constant!, tensor.Codes.ByteCount + scales.ByteCount + zeroPoints.ByteCount,
            $"{tensor.Codes.ElementType.ToOnnxName()} {(tensor.Axis is null ? "per tensor" : "per channel")}");
        return weight;
    }

    private Value Dequantize(Node reader, StoredWeight weight, string name)
    {
        var axis = weight.Tensor.Axis;
        var node = constants.InsertBefore(reader, "DequantizeLinear", [weight.Codes, weight.Scales, weight.ZeroPoints], $"{name}_dequantize",
            axis is null ? NodePrecision.PerTensorOpset : NodePrecision.PerAxisOpset);
        if (axis is { } at)
            node.Attributes.Set("axis", at);
        return node.Output();
    }

    private static Tensor Scaled(Tensor content, float factor) => factor == 1
        ? content
        : Tensor.Create(content.Dimensions.AsSpan(), Array.ConvertAll(content.AsSpan<float>().ToArray(), element => element * factor));
}

/// <summary>A weight as codes, and where each graph reads it.</summary>
internal sealed record StoredWeight(AffineTensor Tensor, Value Codes, Value Scales, Value ZeroPoints)
{
    public Dictionary<Graph, Value> Dequantized { get; } = [];

    public AffineScale[] ChannelScales => Tensor.Scales;
}
