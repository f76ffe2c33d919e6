using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Finds products too small for dynamic quantization: turning the activation into codes at every run takes longer than integers save. All products
/// that read one activation share its codes, so they are weighed together.
/// </summary>
internal sealed class SlowerDynamically(OnnxModel model)
{
    private readonly Lazy<TypicalShapes> _shapes = new(() => new TypicalShapes(model));

    /// <summary>Why a weight should stay float; null where nothing is against 8 bits.</summary>
    public string? Refusal(WeightCandidate weight)
    {
        if (weight.Content.Dimensions.Length != 2 || !weight.Uses.All(use => IsProduct(use.User, use.Index)))
            return null;
        var activations = weight.Uses.Select(use => use.User.Input(0)!).Distinct().ToList();
        if (activations.Any(activation => _shapes.Value.Of(activation) is null) || activations.Sum(Gain) > 0)
            return null;
        var (rows, columns) = (weight.Content.Dimensions[0], weight.Content.Dimensions[1]);
        return $"slower than float: {rows} × {columns} weights multiply faster than their activations become codes; "
            + "'prefer: size' quantizes them all the same";
    }

    /// <summary>Nanoseconds that all products of an activation gain together.</summary>
    private double Gain(Value activation)
    {
        var elements = _shapes.Value.Elements(activation);
        var products = activation.Uses.Where(use => use.Index == 0 && IsProduct(use.User, 1)).Select(use => use.User);
        return products.Sum(product => Gain(product, elements)) - KernelTimes.OfDynamicQuantization(elements);
    }

    private static double Gain(Node product, double elements)
    {
        double weights = product.Input(1)!.Constant!.ElementCount;
        return KernelTimes.GainOfDynamicProduct(elements / Depth(product) * weights, weights);
    }

    private static double Depth(Node node)
    {
        var dimensions = node.Input(1)!.Constant!.Dimensions;
        return dimensions[1 - OperatorCatalog.ChannelAxis(node, 1, 2)];
    }

    private static bool IsProduct(Node node, int index) =>
        index == 1 && node.Is("MatMul", "Gemm") && node.Input(1)?.Constant is { Dimensions.Length: 2 };
}
