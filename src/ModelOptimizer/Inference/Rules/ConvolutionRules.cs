using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Convolutions and pools, whose windows slide over the axes behind batch and channel.</summary>
internal static class ConvolutionRules
{
    public static void Conv(NodeTyping node) => Convolve(node, node.ElementType(0), weight: 1);

    public static void ConvInteger(NodeTyping node) => Convolve(node, DataType.Int32, weight: 1);

    public static void QLinearConv(NodeTyping node) => Convolve(node, node.ElementType(7), weight: 3);

    public static void Pool(NodeTyping node)
    {
        var shape = node.Shape(0) is { Rank: > 2 } x && node.Attribute("kernel_shape") is { } kernel && kernel.Length == x.Rank - 2
            ? new Shape([x[0], x[1], .. Windows.Of(node, kernel).Slide(node.Symbols, x)])
            : Unknown(node);
        node.Set(0, node.ElementType(0), shape);
        node.Set(1, DataType.Int64, shape);
    }

    public static void GlobalPool(NodeTyping node) =>
        node.Set(node.ElementType(0), node.Shape(0)?.Dimensions.Select((length, axis) => axis < 2 ? length : 1));

    /// <summary>The weight is input channels × output channels per group × window.</summary>
    public static void ConvTranspose(NodeTyping node)
    {
        if (node.Shape(0) is not { Rank: > 2 } x || node.Shape(1) is not { } weight || weight.Rank != x.Rank || Kernel(node, weight) is not { } kernel)
            node.Set(node.ElementType(0), Unknown(node));
        else
            node.Set(node.ElementType(0), [x[0], node.Symbols.Multiply(weight[1], node.Attribute("group", 1)), .. Windows.Of(node, kernel).Spread(node, x)]);
    }

    private static void Convolve(NodeTyping node, DataType? type, int weight)
    {
        if (node.Shape(0) is not { Rank: > 2 } x || node.Shape(weight) is not { } w || w.Rank != x.Rank || Kernel(node, w) is not { } kernel)
            node.Set(type, Unknown(node));
        else
            node.Set(type, [x[0], w[0], .. Windows.Of(node, kernel).Slide(node.Symbols, x)]);
    }

    private static long[]? Kernel(NodeTyping node, Shape weight)
    {
        var kernel = node.Attribute("kernel_shape") ?? [.. weight.Dimensions.Skip(2).Select(length => length.Value ?? -1)];
        return kernel.Length == weight.Rank - 2 && kernel.All(length => length > 0) ? kernel : null;
    }

    private static Shape? Unknown(NodeTyping node) => node.Shape(0) is { } x ? ShapeMath.UnknownOfRank(x.Rank) : null;
}

/// <summary>How windows lie on the axes behind batch and channel: the attributes that convolutions and pools share.</summary>
internal sealed record Windows(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, string AutoPad, bool RoundsUp)
{
    public static Windows Of(NodeTyping node, long[] kernel) => new(
        kernel,
        Attribute(node, "strides", kernel.Length, 1),
        Attribute(node, "dilations", kernel.Length, 1),
        Attribute(node, "pads", 2 * kernel.Length, 0),
        node.Node.Attributes.TryGetString("auto_pad") ?? "NOTSET",
        node.Flag("ceil_mode"));

    /// <summary>How many windows fit on each axis.</summary>
    public IEnumerable<Dimension> Slide(SymbolTable symbols, Shape x) => Kernel.Select((_, i) => Slide(symbols, x[i + 2], i));

    /// <summary>The lengths that transposed windows cover.</summary>
    public IEnumerable<Dimension> Spread(NodeTyping node, Shape x)
    {
        var given = node.Attribute("output_shape");
        var extra = Attribute(node, "output_padding", Kernel.Length, 0);
        return Kernel.Select((_, i) => given is null ? Spread(node.Symbols, x[i + 2], extra[i], i) : given[given.Length - Kernel.Length + i]);
    }

    private long Extent(int i) => (Kernel[i] - 1) * Dilations[i] + 1;

    private Dimension Slide(SymbolTable symbols, Dimension length, int i)
    {
        if (AutoPad.StartsWith("SAME", StringComparison.Ordinal))
            return RoundsUp ? Dimension.Unknown : symbols.CeilingDivide(length, Strides[i]);
        var (begin, end) = AutoPad == "VALID" ? (0, 0) : (Pads[i], Pads[i + Kernel.Length]);
        var room = symbols.Add(length, begin + end - Extent(i));
        if (room.Value < 0)
            return Dimension.Unknown;
        var down = symbols.Add(symbols.FloorDivide(room, Strides[i]), 1);
        return !RoundsUp || Strides[i] == 1 ? down : RoundUp(room, down, length, begin, Strides[i]);
    }

    /// <summary>
    /// A last window that would start in the padding behind is left out by newer versions only, so a length on which they differ is unknown.
    /// </summary>
    private static Dimension RoundUp(Dimension room, Dimension down, Dimension length, long begin, long stride)
    {
        if (room.Value is not { } free)
            return Dimension.Unknown;
        if (free % stride == 0)
            return down;
        return down.Value!.Value * stride < length.Value!.Value + begin ? down.Value.Value + 1 : Dimension.Unknown;
    }

    private Dimension Spread(SymbolTable symbols, Dimension length, long extra, int i)
    {
        // Windows that don't even meet need no padding taken away: the runtime then leaves the length as it comes.
        if (AutoPad.StartsWith("SAME", StringComparison.Ordinal))
            return Extent(i) + extra < Strides[i] ? Dimension.Unknown : symbols.Multiply(length, Strides[i]);
        var pads = AutoPad == "VALID" ? 0 : Pads[i] + Pads[i + Kernel.Length];
        return symbols.Add(symbols.Multiply(symbols.Subtract(length, 1), Strides[i]), extra + Extent(i) - pads);
    }

    private static long[] Attribute(NodeTyping node, string name, int count, long defaultValue) =>
        node.Attribute(name) is { } values && values.Length == count ? values : [.. Enumerable.Repeat(defaultValue, count)];
}
