using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Where a number for each output channel of a quantized product can be added without another node.</summary>
internal abstract class BiasPlace
{
    /// <summary>The place, or why there is none.</summary>
    public static (BiasPlace? Place, string? Refusal) Of(QuantizedProduct product)
    {
        if (product.Original.Node.Inputs.Skip(1).Any(operand => operand is not null && operand.Constant is null))
            return (null, "its bias is computed");
        if (product.Output.Type?.Shape?.Rank is not { } rank)
            return (null, "the rank of its output is not known");
        var channels = product.Original.Layout.Outputs;
        var axis = product.Original.OutputAxis;
        if (product.IsDequantized && product.Node.Input(2) is not null)
            return OfNode(product, channels);
        if (Sum(product) is { } sum)
            return sum.Inputs.Select((_, index) => ChannelOperand.Of(sum, index, channels, axis, rank)).FirstOrDefault(operand => operand is not null) is { } term
                ? (new FloatBias(term, 1) { Behind = product.Output.Producer == sum ? null : sum }, null)
                : (null, "what is added to it is not one float for each channel");
        return product.IsDequantized && !product.Node.Is("MatMul")
            ? NewBias.Of(product, channels)
            : (null, "it has no bias, and adding one would cost a node");
    }

    /// <summary>The Add behind the product, if that is the place: shifts count there, where corrections show.</summary>
    public Node? Behind { get; private init; }

    /// <summary>Whether the numbers are large enough to show.</summary>
    public abstract bool Changes(double[] shift);

    /// <summary>Adds the numbers.</summary>
    /// <returns>Constants that perhaps nobody reads any more.</returns>
    public abstract IEnumerable<Value> Add(double[] shift, OnnxModel model);

    private static (BiasPlace?, string?) OfNode(QuantizedProduct product, int channels)
    {
        var node = product.Node;
        if (CodedBias.Of(node, channels) is { } coded)
            return (coded, null);
        var beta = node.Is("Gemm") ? node.Attributes.GetFloat("beta", 1) : 1;
        return beta != 0 && ChannelOperand.Of(node, 2, channels, axis: 0, rank: node.Is("Gemm") ? 2 : 1) is { } floats
            ? (new FloatBias(floats, beta), null)
            : (null, "its bias is not one number for each channel");
    }

    /// <summary>The Add that alone reads the product, of the original or of what it became.</summary>
    public static Node? SumBehind(Value product) =>
        product.Uses is [{ User: { } reader }] && reader.Is("Add") && reader.Graph == product.Graph && ConstantOperand.Of(reader) is not null ? reader : null;

    /// <summary>The Add of a constant that makes the output, or that alone reads it.</summary>
    private static Node? Sum(QuantizedProduct product)
    {
        var maker = product.Output.Producer!;
        if (maker != product.Node && maker.Is("Add"))
            return maker;
        return SumBehind(product.Original.Node.Output()) is null ? null : SumBehind(product.Output);
    }

    private sealed class FloatBias(ChannelOperand operand, float beta) : BiasPlace
    {
        public override bool Changes(double[] shift) => operand.Elements.Where((element, channel) => Sum(element, shift[channel]) != (float)element).Any();

        public override IEnumerable<Value> Add(double[] shift, OnnxModel model)
        {
            var old = operand.Value;
            var sums = operand.Elements.Select((element, channel) => Sum(element, shift[channel])).ToArray();
            operand.Node.SetInput(operand.Index, model.AddConstant(old.Graph, old.Name, Tensor.Create(operand.Dimensions, sums)));
            return [old];
        }

        private float Sum(double element, double shift) => (float)(element + shift / beta);
    }
}
