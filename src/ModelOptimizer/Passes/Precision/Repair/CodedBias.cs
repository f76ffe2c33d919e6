using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>A bias as int32 codes behind a DequantizeLinear.</summary>
internal sealed class CodedBias : BiasPlace
{
    private readonly Node _node;
    private readonly int _index;
    private readonly int[] _codes;
    private readonly float[] _scales;

    private CodedBias(Node node, int index, int[] codes, float[] scales) => (_node, _index, _codes, _scales) = (node, index, codes, scales);

    private Node Dequantize => _node.Input(_index)!.Producer!;

    /// <summary>What a Conv, ConvTranspose or Gemm reads as its bias, or an Add as one of its terms; null when it has another form.</summary>
    public static CodedBias? Of(Node node, int index, int channels) =>
        node.Input(index)?.Producer is { OpType: "DequantizeLinear" } dequantize
        && dequantize.Input(0)?.Constant is { ElementType: DataType.Int32 } codes && codes.ElementCount == channels
        && dequantize.Input(1)?.Constant is { ElementType: DataType.Float } scales && (scales.ElementCount == 1 || scales.ElementCount == channels)
        && node.Attributes.GetFloat("beta", 1) == 1
            ? new(node, index, codes.AsSpan<int>().ToArray(), scales.AsSpan<float>().ToArray())
            : null;

    public override bool Changes(double[] shift) => !Sums(shift).SequenceEqual(_codes);

    public override IEnumerable<Value> Add(double[] shift, OnnxModel model)
    {
        // Another node may read the same bias.
        var (dequantize, old) = (Dequantize, Dequantize.Input(0)!);
        var codes = model.AddConstant(old.Graph, old.Name, Tensor.Create(DataType.Int32, old.Constant!.Dimensions.AsSpan(), Sums(shift)));
        if (dequantize.Output().Uses.Count == 1)
            dequantize.SetInput(0, codes);
        else
            _node.SetInput(_index, _node.Graph!.InsertCopy(_node, dequantize, [codes, .. dequantize.Inputs.Skip(1)]).Output());
        return [old];
    }

    private int[] Sums(double[] shift) =>
        [.. _codes.Select((code, channel) => (int)Math.Clamp(code + Math.Round(shift[channel] / _scales[channel % _scales.Length]), int.MinValue, int.MaxValue))];
}

/// <summary>A bias for a Conv or Gemm that has none: kernels add one for nothing.</summary>
internal sealed class NewBias : BiasPlace
{
    private readonly Node _node;

    /// <summary>Of the integer sums; null where the node computes with floats.</summary>
    private readonly float[]? _scales;

    private NewBias(Node node, float[]? scales) => (_node, _scales) = (node, scales);

    public static (BiasPlace? Place, string? Refusal) Of(QuantizedProduct product, int channels)
    {
        if (product.Node.Input(0)?.Producer is not { OpType: "DequantizeLinear" } activation)
            return (new NewBias(product.Node, null), null);
        if (activation.Input(1)?.Constant is not { ElementCount: 1, ElementType: DataType.Float } scale)
            return (null, "its activation has not one scale");
        var weights = product.Weight.Scales.Select(weight => new AffineScale(weight, 0)).ToArray();
        var sums = QuantizedBias.Scales(scale.AsSpan<float>()[0], weights);
        return (new NewBias(product.Node, [.. Enumerable.Range(0, channels).Select(channel => sums[channel % sums.Length])]), null);
    }

    public override bool Changes(double[] shift) => _scales is null
        ? shift.Any(term => (float)term != 0)
        : QuantizedBias.Codes(Floats(shift), _scales).Any(code => code != 0);

    public override IEnumerable<Value> Add(double[] shift, OnnxModel model)
    {
        var graph = _node.Graph!;
        var name = $"{_node.Name}_bias";
        var terms = Floats(shift);
        // Without a bias beta meant nothing; now it would count.
        if (_node.Is("Gemm"))
            _node.Attributes.Remove("beta");
        if (_scales is null)
        {
            _node.SetInput(2, model.AddConstant(graph, name, Tensor.Create([terms.Length], terms)));
            return [];
        }
        // As the weight's own DequantizeLinear, from the same domain.
        var codes = model.AddConstant(graph, $"{name}_quantized", QuantizedBias.Tensor(terms, _scales));
        var scales = model.AddConstant(graph, $"{name}_scale", Tensor.Create([_scales.Length], _scales));
        var dequantize = graph.Insert(_node, "DequantizeLinear", [codes, scales], domain: _node.Input(1)!.Producer!.Domain, name: $"{name}_dequantize");
        dequantize.Attributes.Set("axis", 0L);
        _node.SetInput(2, dequantize.Output());
        return [];
    }

    private static float[] Floats(double[] shift) => Array.ConvertAll(shift, term => (float)term);
}
