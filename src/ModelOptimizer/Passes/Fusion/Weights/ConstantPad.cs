using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A Pad with constant widths and value.</summary>
/// <param name="Widths">How much is added to each axis in front, then behind.</param>
/// <param name="Value">What is added.</param>
internal sealed record ConstantPad(long[] Widths, double Value)
{
    /// <summary>Opset that gave the attributes their names.</summary>
    public const long OldestOpset = 2;

    private const long InputsOpset = 11;
    private const long CountIncludePadOpset = 7;

    private int Rank => Widths.Length / 2;

    /// <summary>The widths of all axes but batch and channels, as convolutions and pools list them.</summary>
    public long[] Spatial => [.. Widths[2..Rank], .. Widths[(Rank + 2)..]];

    /// <summary>Null when something is not constant or no real number, or the widths are not those of data of this rank.</summary>
    public static ConstantPad? Read(Node node, long opset, int rank)
    {
        if (Operands.Int64s(node, "pads", 1, opset >= InputsOpset) is not { } widths)
            return null;
        if (opset < InputsOpset)
            return Create(widths, null, rank, node.Attributes.GetFloat("value", 0));
        var value = node.Input(2) is null ? 0 : Number(node.Input(2));
        if (value is null || node.Input(3) is { Constant: null })
            return null;
        return Create(widths, node.Input(3)?.Constant?.AsInt64s(), rank, value.Value);
    }

    /// <summary>Why the reader can't do this padding itself; null when it can.</summary>
    public string? Refusal(Node reader, Value data, long opset)
    {
        if (Widths[0] != 0 || Widths[1] != 0 || Widths[Rank] != 0 || Widths[Rank + 1] != 0)
            return "it pads batch or channels";
        if (Widths.Any(width => width < 0))
            return "it cuts off";
        if (reader.Attributes.TryGetString("auto_pad") is "SAME_UPPER" or "SAME_LOWER")
            return $"the padding of {reader} follows from the padded size";
        if (reader.Is("Conv"))
            return NotZero();
        return PoolRefusal(reader) ?? (reader.Is("MaxPool") ? MaxRefusal(reader, data, opset) : MeanRefusal(reader, opset));
    }

    private string? NotZero() => Value == 0 ? null : "it does not pad with zeros";

    private string? PoolRefusal(Node pool)
    {
        if (pool.Attributes.GetInt("ceil_mode", 0) != 0)
            return "the pool rounds its size up, where its own padding counts otherwise";
        var kernel = pool.Attributes.TryGetInts("kernel_shape")!.Value;
        var own = pool.Attributes.TryGetInts("pads");
        return Spatial.Where((width, i) => width + (own?[i] ?? 0) >= kernel[i % kernel.Length]).Any()
            ? "the padding is as wide as the pool's window"
            : null;
    }

    private string? MaxRefusal(Node pool, Value data, long opset)
    {
        if (pool.Outputs.Skip(1).Any(output => output?.Uses.Count > 0))
            return "the pool's indices count the padding";
        // A pool's own padding has no value: a window that reads nothing else has no maximum.
        if (pool.Attributes.TryGetInts("dilations")?.Any(step => step != 1) == true)
            return "the steps between what the pool reads may leave it nothing but padding";
        return double.IsNegativeInfinity(Value) || (Value == 0 && IsNeverNegative(data, opset)) ? null : "the maximum may be the padding";
    }

    private string? MeanRefusal(Node pool, long opset)
    {
        if (opset < CountIncludePadOpset)
            return $"a mean leaves padding out before opset {CountIncludePadOpset}";
        if (pool.Attributes.GetInt("count_include_pad", 0) == 0 && !Padding.IsNone(pool))
            return "the pool leaves its own padding out of the mean";
        return NotZero();
    }

    private static bool IsNeverNegative(Value data, long opset) => data.Producer is { } node && !node.Attributes.HasReferences
        && (node.Is("Relu", "Sigmoid", "HardSigmoid", "Softmax", "Abs", "Exp")
            || (node.Is("Clip") && (opset < InputsOpset ? node.Attributes.TryGetFloat("min") : Number(node.Input(1))) >= 0));

    private static double? Number(Value? value) =>
        value?.Constant is { ElementCount: 1 } constant && WeightArithmetic.Handles(constant.ElementType) ? constant.ToDoubles()[0] : null;

    /// <summary>From opset 18 on only some axes may be named, from the back too.</summary>
    private static ConstantPad? Create(long[] widths, long[]? axes, int rank, double value)
    {
        axes ??= [.. Enumerable.Range(0, rank).Select(axis => (long)axis)];
        if (widths.Length != 2 * axes.Length || axes.Any(axis => axis < -rank || axis >= rank))
            return null;
        var all = new long[2 * rank];
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = axes[i] < 0 ? axes[i] + rank : axes[i];
            (all[axis], all[axis + rank]) = (widths[i], widths[i + axes.Length]);
        }
        return new(all, value);
    }
}
