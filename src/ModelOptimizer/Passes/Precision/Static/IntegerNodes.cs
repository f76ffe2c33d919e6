using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Writes one node after the other in the form that runtimes turn into integer kernels: codes before it, weights and bias as codes, codes behind it.</summary>
/// <param name="computes">Whether a node is quantized by itself.</param>
/// <param name="moments">Of the input channels of convolutions whose kernels are rounded by them; null where they are not known.</param>
internal sealed class IntegerNodes(
    ActivationPairs activations, WeightPairs weights, Func<Node, bool> computes, IReadOnlyDictionary<Node, ChannelMoments?> moments)
{
    public void Write(StaticNode node)
    {
        // Asked before anything moves: operands are told apart by being constant.
        var (variable, constant) = (node.Activations.ToList(), node.Constants.ToList());
        var sum = GemmOfRuntime.Of(node.Node) is { } found && !computes(found.Sum) ? found : null;
        var bias = Bias(node) ?? sum?.Bias;
        var input = variable.Count > 0 ? activations.ScaleOf(node.Node.Input(variable[0])!, node.Precision.Activations) : 1;
        var other = variable.Count > 1 ? [new AffineScale(activations.ScaleOf(node.Node.Input(variable[1])!, node.Precision.Activations), 0)] : Array.Empty<AffineScale>();
        foreach (var index in variable)
            activations.Round(node.Node, index, node.Precision.Activations);
        foreach (var index in constant)
            other = Store(node, index, input, bias).ChannelScales;
        if (sum is not null)
            WriteBias(sum, QuantizedBias.Scales(input, other));
        else if (bias is not null)
            WriteBias(node, bias, QuantizedBias.Scales(input, other));
        Normalize(node.Node);
        if (node.Operator.NeedsOutput)
            activations.RoundForAll(node.Node.Output(), node.Precision.Activations);
    }

    private StoredWeight Store(StaticNode node, int index, float activationScale, float[]? bias)
    {
        var value = node.Node.Input(index)!;
        var isWeight = node.IsWeight(index);
        var stored = weights.Store(value,
            isWeight ? node.Precision.Weights : node.Precision.Activations,
            isWeight ? node.ChannelAxis(value.Constant!) : null,
            isWeight ? Alpha(node.Node) : 1,
            isWeight && node.Node.Is("Conv") ? new KernelRounding(moments.GetValueOrDefault(node.Node)) : null,
            tensor => bias is null ? null : QuantizedBias.WantedScales(bias, activationScale, tensor.Scales));
        weights.Read(node.Node, index, stored, value.Name);
        return stored;
    }

    private void WriteBias(StaticNode node, float[] bias, float[] scales)
    {
        // Groups of a ConvTranspose share the scales of their channels.
        if (scales.Length > 1 && scales.Length < bias.Length && node.Node.Is("ConvTranspose"))
            scales = [.. bias.Select((_, i) => scales[i % scales.Length])];
        weights.ReadBias(node.Node, node.Operator.Bias!.Value, Codes(node, bias, scales), scales);
    }

    private void WriteBias(GemmOfRuntime sum, float[] scales) =>
        weights.ReadBias(sum.Sum, sum.Index, QuantizedBias.Tensor(sum.Bias, scales), scales);

    private static Tensor Codes(StaticNode node, float[] bias, float[] scales)
    {
        var dimensions = node.Node.Input(node.Operator.Bias!.Value)!.Constant!.Dimensions;
        long[] shape = dimensions.Length == 2 && dimensions[0] > 1 ? [dimensions[0], bias.Length / dimensions[0]] : [bias.Length];
        return Tensor.Create(DataType.Int32, shape, QuantizedBias.Codes(bias, scales));
    }

    /// <summary>beta · C with a number for each output channel, or for each element of the product; null when there is no bias.</summary>
    private static float[]? Bias(StaticNode node)
    {
        if (node.Operator.Bias is not { } index || node.Node.Input(index)?.Constant is not { } constant)
            return null;
        var beta = node.Node.Is("Gemm") ? node.Node.Attributes.GetFloat("beta", 1) : 1;
        var bias = Array.ConvertAll(constant.AsSpan<float>().ToArray(), element => element * beta);
        return (bias.Length == 1 || GemmParts.IsColumn(constant)) && GemmParts.Columns(node.Node) is { } columns
            ? [.. bias.SelectMany(element => Enumerable.Repeat(element, (int)columns))]
            : bias;
    }

    private static float Alpha(Node node) => node.Is("Gemm") ? node.Attributes.GetFloat("alpha", 1) : 1;

    /// <summary>alpha is in the weight now, and beta in the bias.</summary>
    private static void Normalize(Node node)
    {
        if (!node.Is("Gemm"))
            return;
        node.Attributes.Remove("beta");
        if (node.Attributes.Has("alpha") && node.Input(1)!.Producer?.Input(0)?.Constant is not null)
            node.Attributes.Remove("alpha");
    }
}
