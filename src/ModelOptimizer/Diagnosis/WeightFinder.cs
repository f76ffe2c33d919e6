using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Finds the weight of an operator, and what a candidate made of it.</summary>
internal sealed class WeightFinder(PairedRuns runs)
{
    /// <summary>Null when the operator has no weight, or the candidate stores it in a way that can't be read back.</summary>
    public WeightEvidence? Find(Node node, Region region)
    {
        if (Weight(node) is not var (value, axis) || value.Constant is not { } original)
            return null;
        foreach (var made in region.Nodes)
            if (Stored(made) is { } stored && Floats(made, stored) is { } floats && Arrange(floats, original) is { } arranged)
                return Compare(value, original, arranged, axis, Scales(made, region, original.Dimensions[axis]), Bits(made, stored));
        return null;
    }

    /// <summary>The share of an int8 weight's pairs whose sums could overflow 16 bits; 0 when it has none.</summary>
    public static double SaturatingShare(Region region)
    {
        foreach (var made in region.Nodes)
            if (Stored(made) is { ElementType: DataType.Int8, Dimensions: [var depth, var channels] } codes && made.Is("MatMulInteger", "DequantizeLinear"))
                return Quantization.SaturationBound.Share(codes.AsSpan<sbyte>(), (int)depth, (int)channels);
        return 0;
    }

    private static (Value Value, int Axis)? Weight(Node node)
    {
        foreach (var input in OperatorCatalog.WeightInputs(node))
            if (node.Input(input) is { Constant: { Dimensions.Length: > 1 } content } weight && content.ElementType.IsFloatingPoint())
                return (weight, OperatorCatalog.ChannelAxis(node, input, content.Dimensions.Length));
        return null;
    }

    /// <summary>The codes, halves or table that a node reads as a weight.</summary>
    private static Tensor? Stored(Node node) => node.OpType switch
    {
        "DequantizeLinear" => Matrix(node.Input(0)),
        "Cast" when node.Attributes.GetInt("to", 0) is (long)DataType.Float => Matrix(node.Input(0)),
        "Gather" when PaletteForm.Is(node) => node.Input(0)!.Constant,
        "MatMulInteger" or "ConvInteger" or "DynamicQuantizeMatMul" => Matrix(node.Input(1)),
        "QLinearConv" or "QLinearMatMul" => Matrix(node.Input(3)),
        "MatMulNBits" => Matrix(node.Input(1)),
        _ => null,
    };

    private static Tensor? Matrix(Value? value) => value?.Constant is { Dimensions.Length: > 1 } content ? content : null;

    /// <summary>As floats; of bare codes up to a factor for each channel, which <see cref="Compare"/> finds.</summary>
    private Tensor? Floats(Node node, Tensor stored)
    {
        if (node.Is("DequantizeLinear", "Cast", "Gather"))
            return runs.Evaluate([node.Output()])[0];
        if (node.OpType == "MatMulNBits")
            return BlockedWeight.Read(node);
        var zeroPoint = node.OpType is "MatMulInteger" or "ConvInteger" ? node.Input(3) : node.OpType == "DynamicQuantizeMatMul" ? node.Input(3) : node.Input(5);
        var zeros = zeroPoint?.Constant?.ToFloats() ?? [0];
        var codes = stored.ToFloats();
        // One for each channel: filters of a convolution come first, columns of a matrix last.
        var inner = node.OpType is "ConvInteger" or "QLinearConv" ? Math.Max(1, codes.Length / zeros.Length) : 1;
        for (var i = 0; i < codes.Length; i++)
            codes[i] -= zeros[i / inner % zeros.Length];
        return Tensor.Create(stored.Dimensions.AsSpan(), codes);
    }

    /// <summary>In the original's order of elements; null when the shapes don't fit.</summary>
    private static float[]? Arrange(Tensor candidate, Tensor original)
    {
        if (candidate.Dimensions.SequenceEqual(original.Dimensions))
            return candidate.ToFloats();
        if (original.Dimensions is not [var rows, var columns] || candidate.Dimensions is not [var first, var second] || (first, second) != (columns, rows))
            return null;
        var (source, result) = (candidate.ToFloats(), new float[rows * columns]);
        for (var i = 0L; i < rows; i++)
            for (var j = 0L; j < columns; j++)
                result[i * columns + j] = source[j * rows + i];
        return result;
    }

    private static WeightEvidence Compare(Value weight, Tensor original, float[] candidate, int axis, long scales, int bits)
    {
        var (floats, channels, inner) = (original.ToFloats(), (int)original.Dimensions[axis], 1L);
        for (var i = axis + 1; i < original.Dimensions.Length; i++)
            inner *= original.Dimensions[i];
        FitScales(floats, candidate, channels, inner);
        return WeightEvidence.Of(weight.Name, floats, candidate, channels, inner, scales, bits);
    }

    /// <summary>Gives each channel the factor that fits best, by least squares: for scaled weights that is about one.</summary>
    private static void FitScales(float[] original, float[] candidate, int channels, long inner)
    {
        var (products, squares) = (new double[channels], new double[channels]);
        for (var i = 0L; i < original.Length; i++)
        {
            products[i / inner % channels] += (double)original[i] * candidate[i];
            squares[i / inner % channels] += (double)candidate[i] * candidate[i];
        }
        for (var i = 0L; i < original.Length; i++)
            if (squares[i / inner % channels] is > 0 and var square)
                candidate[i] *= (float)(products[i / inner % channels] / square);
    }

    private static long Scales(Node node, Region region, long channels) => node.OpType switch
    {
        "DequantizeLinear" => node.Input(1)?.Constant?.ElementCount ?? 0,
        "Cast" or "Gather" => 0,
        "MatMulNBits" => node.Input(2)?.Constant?.ElementCount ?? 0,
        "QLinearConv" or "QLinearMatMul" => node.Input(4)?.Constant?.ElementCount ?? 0,
        "DynamicQuantizeMatMul" => node.Input(2)?.Constant?.ElementCount ?? 0,
        // The scales of an integer product stand in a product of their own.
        _ => region.Nodes.Where(other => other.Is("Mul")).SelectMany(other => other.Inputs).Any(input => input?.Constant?.ElementCount == channels) ? channels : 1,
    };

    private static int Bits(Node node, Tensor stored) => stored.ElementType switch
    {
        _ when node.OpType == "MatMulNBits" => (int)node.Attributes.GetInt("bits", 4),
        _ when node.OpType == "Gather" => PaletteForm.Bits(node),
        DataType.Int2 or DataType.UInt2 => 2,
        DataType.Int4 or DataType.UInt4 => 4,
        DataType.Int8 or DataType.UInt8 => 8,
        _ => 0,
    };
}
