using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>The kernel of a Conv, on request only: ConvInteger takes many times as long as Conv.</summary>
internal sealed class DynamicConv(OnnxModel model, DynamicProduct products) : DynamicForm(model)
{
    public override string Name => "ConvInteger";

    public override bool Reads(Use use) => use.User.Is("Conv") && use.Index == 1;

    public override string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context) => DynamicProduct.TooOld(context.Opset(group[0].Value.Graph));

    public override WeightMatrix Matrix(WeightCandidate weight) => new(weight.Content, channelAxis: 0);

    private protected override DynamicConstants Store(DynamicPart part)
    {
        var dimensions = part.Weight.Content.Dimensions.AsSpan();
        return Add(part.Weight, DequantizeLinearLayout.Codes(part.Codes, dimensions, channelAxis: 0), Tensor.Create(OfChannels(dimensions.Length, dimensions[0]), part.Codes.Scales));
    }

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (codes, scales) = constants[reader.Input(1)!];
        var graph = reader.Graph!;
        var quantizer = products.Quantizer(reader, reader.Input(0)!);
        var sums = graph.Insert(reader, "ConvInteger", [quantizer.Output(0), codes, quantizer.Output(2)], name: reader.Name);
        sums.Attributes.CopyFrom(reader.Attributes, "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");
        var product = DynamicProduct.Dequantize(reader, sums.Output(), quantizer.Output(1), scales);
        var bias = reader.Input(2);
        if (bias is not null)
            product = graph.Insert(reader, "Add", [product, Bias(reader, bias, codes.Constant!.Dimensions.Length)], name: $"{reader.Name}_bias").Output();
        product.Type = reader.Output().Type;
        // By its name what is computed can still be found, to be compared with the original.
        product.Name = reader.Output().Name;
        reader.ReplaceWith(product);
        if (bias?.Constant is not null)
            bias.RemoveIfUnused();
    }

    /// <summary>The bias with an axis for each that follows the channels.</summary>
    private Value Bias(Node reader, Value bias, int rank)
    {
        if (bias.Constant is { } content)
            return Add(reader.Graph!, bias.Name, Tensor.Create(OfChannels(rank, content.ElementCount), content.AsSpan<float>().ToArray()));
        long[] shape = OfChannels(rank, -1);
        var target = Add(reader.Graph!, $"{reader.Name}_bias_shape", Tensor.Create([shape.Length], shape));
        return reader.Graph!.Insert(reader, "Reshape", [bias, target], name: $"{reader.Name}_bias_channels").Output();
    }

    /// <summary>[channels, 1, …]: as a batch of positions has it.</summary>
    private static long[] OfChannels(int rank, long channels) => [channels, .. Enumerable.Repeat(1L, rank - 2)];
}
