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
        {
            var term = sum.Inputs.Select((_, index) => OfTerm(sum, index, channels, axis, rank)).FirstOrDefault(place => place is not null);
            term?.Behind = product.Output.Producer == sum ? null : sum;
            return (term, term is null ? "what is added to it is not one number for each channel" : null);
        }
        return product.IsDequantized && !product.Node.Is("MatMul")
            ? NewBias.Of(product, channels)
            : (null, "it has no bias, and adding one would cost a node");
    }

    /// <summary>The Add behind the product, if that is the place: shifts count there, where corrections show.</summary>
    public Node? Behind { get; private set; }

    /// <summary>Whether the numbers are large enough to show.</summary>
    public abstract bool Changes(double[] shift);

    /// <summary>Adds the numbers.</summary>
    /// <returns>Constants that perhaps nobody reads any more.</returns>
    public abstract IEnumerable<Value> Add(double[] shift, OnnxModel model);

    private static (BiasPlace?, string?) OfNode(QuantizedProduct product, int channels)
    {
        var node = product.Node;
        if (CodedBias.Of(node, 2, channels) is { } coded)
            return (coded, null);
        var beta = node.Is("Gemm") ? node.Attributes.GetFloat("beta", 1) : 1;
        return beta != 0 && ChannelOperand.Of(node, 2, channels, axis: 0, rank: node.Is("Gemm") ? 2 : 1) is { } floats
            ? (new FloatBias(floats, beta), null)
            : (null, "its bias is not one number for each channel");
    }

    private static BiasPlace? OfTerm(Node sum, int index, int channels, int axis, int rank)
    {
        if (ChannelOperand.Of(sum, index, channels, axis, rank) is { } floats)
            return new FloatBias(floats, 1);
        return axis == 0 ? CodedBias.Of(sum, index, channels) : null;
    }

    /// <summary>The Add that alone reads the product, of the original or of what it became.</summary>
    public static Node? SumBehind(Value product) =>
        product.Uses is [{ User: { } reader }] && reader.Is("Add") && reader.Graph == product.Graph && HasConstantTerm(reader) ? reader : null;

    private static bool HasConstantTerm(Node sum) => ConstantOperand.Of(sum) is not null
        || sum.Inputs.Any(term => term?.Producer is { OpType: "DequantizeLinear" } coded && coded.Inputs.All(input => input?.Constant is not null));

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
