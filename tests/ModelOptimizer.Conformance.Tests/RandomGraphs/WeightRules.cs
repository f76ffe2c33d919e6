using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Layers with weights, and what folds into them.</summary>
internal static class WeightRules
{
    public static Rule[] All => [MatMul, MatMul, Gemm, Conv, Conv, Conv, ConvTranspose, BatchNormalization, Pool, Products, Embedding, FlattenedGemm, ScaledLater];

    private static void MatMul(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank >= 2 && item.Axes[^1].Value > 0) is not { } x)
            return;
        var width = scope.Pick(2L, 4);
        var depth = x.Length(x.Rank - 1);
        var value = scope.Builder.Op("MatMul", Precede(scope, x, x.Value, [depth]), scope.Weight([depth, width]));
        var result = x.With(value, x.Rank - 1, width);
        scope.Add(result.With(Follow(scope, result, value, [width])));
    }

    private static void Gemm(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank == 2 && item.Axes[^1].Value > 0) is not { } x)
            return;
        var (depth, width, transposed) = (x.Length(1), scope.Pick(2L, 4), scope.OneIn(2));
        var weight = scope.Weight(transposed ? [width, depth] : [depth, width]);
        var bias = scope.OneIn(3) ? null : scope.Weight(scope.Pick<long[]>([width], [1, width], []));
        var value = scope.Builder.Op("Gemm", [Precede(scope, x, x.Value, [depth]), weight, bias],
            ("transB", transposed ? 1L : 0L), ("alpha", scope.Pick(1f, 0.5f)), ("beta", scope.Pick(1f, 2)));
        var result = x.With(value, 1, width);
        scope.Add(result.With(Follow(scope, result, value, [width])));
    }

    private static void Conv(Scope scope)
    {
        if (Image(scope, smallest: 1) is not { } x)
            return;
        var (channels, wide) = (x.Length(1), x.Length(2) >= 3 && x.Length(3) >= 3 && scope.OneIn(2));
        var (kernel, isDepthwise) = (wide ? 3 : 1, scope.OneIn(3));
        var outputs = isDepthwise ? channels : scope.Pick(2L, 3);
        var pad = scope.OneIn(2) ? 0 : kernel / 2;
        var input = Precede(scope, x, scope.OneIn(3) ? PadImage(scope, ref x) : x.Value, [channels, 1, 1]);
        var value = scope.Builder.Op("Conv",
            [input, scope.Weight([outputs, isDepthwise ? 1 : channels, kernel, kernel]), scope.OneIn(2) ? null : scope.Weight([outputs])],
            ("group", isDepthwise ? channels : 1L), ("pads", new long[] { pad, pad, pad, pad }));
        var shrunk = kernel - 1 - (2 * pad);
        var result = new Item(value, x.Type, x.Axes[0], outputs, x.Length(2) - shrunk, x.Length(3) - shrunk);
        scope.Add(result.With(Follow(scope, result, value, [outputs, 1, 1])));
    }

    private static void ConvTranspose(Scope scope)
    {
        if (Image(scope, smallest: 1) is not { } x)
            return;
        var bias = scope.OneIn(2) ? null : scope.Weight([2]);
        var value = scope.Builder.Op("ConvTranspose", [x.Value, scope.Weight([x.Length(1), 2, 2, 2]), bias], ("strides", new long[] { 2, 2 }));
        var result = new Item(value, x.Type, x.Axes[0], 2, 2 * x.Length(2), 2 * x.Length(3));
        scope.Add(result.With(Follow(scope, result, value, [2, 1, 1])));
    }

    /// <summary>What may stand before a layer: a scale, a term or a normalization for each channel, half of the time.</summary>
    /// <param name="perChannel">The shape of a constant with one number per channel.</param>
    private static Value Precede(Scope scope, Item x, Value value, long[] perChannel) => scope.Draw.Next(8) switch
    {
        0 => scope.Builder.Op("Mul", value, scope.Weight(scope.Pick(perChannel, []))),
        1 => scope.Builder.Op("Add", value, scope.Weight(perChannel)),
        2 when x.Rank is 2 or 4 && x.Axes[1].Value == perChannel[0] => Normalize(scope, value, perChannel[0]),
        3 => scope.Builder.Op("Add", scope.Builder.Op("Mul", value, scope.Weight(perChannel)), scope.Weight(perChannel)),
        _ => value,
    };

    /// <summary>What exporters leave behind a layer: a bias, a scale, a normalization, an activation. The layer itself may be read as well.</summary>
    /// <param name="perChannel">The shape of a constant with one number per channel.</param>
    private static Value Follow(Scope scope, Item layer, Value value, long[] perChannel)
    {
        if (scope.OneIn(6))
            scope.Add(layer);
        for (var i = scope.Draw.Next(3); i > 0; i--)
            value = scope.Draw.Next(5) switch
            {
                0 => scope.Builder.Op("Add", value, scope.Weight(perChannel)),
                1 => scope.Builder.Op("Mul", scope.Weight(perChannel), value),
                2 when layer.Rank is 2 or 4 && layer.Axes[1].Value is { } channels => Normalize(scope, value, channels),
                3 => scope.Builder.Op("Div", value, scope.Weight(scope.Pick(perChannel, []), 0.5f, 2)),
                _ => ElementwiseRules.Apply(scope, value),
            };
        return value;
    }

    private static void BatchNormalization(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank is >= 2 and <= 4 && item.Axes[1].Value > 0) is { } x)
            scope.Add(x.With(Normalize(scope, x.Value, x.Length(1))));
    }

    private static Value Normalize(Scope scope, Value x, long channels) => scope.Builder.Op("BatchNormalization",
        [x, scope.Weight([channels]), scope.Weight([channels]), scope.Weight([channels]), scope.Weight([channels], 0.5f, 2)],
        ("epsilon", scope.Pick(1e-5f, 1e-3f)));

    private static void Pool(Scope scope)
    {
        if (Image(scope, smallest: 2) is not { } x)
            return;
        var value = scope.OneIn(3) ? PadImage(scope, ref x) : x.Value;
        value = scope.Builder.Op(scope.Pick("MaxPool", "AveragePool"), [value], ("kernel_shape", new long[] { 2, 2 }));
        scope.Add(new Item(value, x.Type, x.Axes[0], x.Axes[1], x.Length(2) - 1, x.Length(3) - 1));
    }

    /// <summary>Two values multiplied, one of them transposed, and scaled: half an attention.</summary>
    private static void Products(Scope scope)
    {
        if (scope.FindFloat(2) is not { } x)
            return;
        var axes = Enumerable.Range(0, x.Rank).ToArray();
        (axes[^1], axes[^2]) = (axes[^2], axes[^1]);
        var y = TransposeRules.Transpose(scope, x.With(WithScale(scope, x.Value)), axes);
        var value = WithScale(scope, scope.Builder.Op("MatMul", x.Value, y.Value));
        scope.Add(x.With(scope.OneIn(2) ? scope.Builder.Op("Softmax", [value], ("axis", -1L)) : value, x.Rank - 1, x.Axes[^2]));
    }

    private static Value WithScale(Scope scope, Value x) =>
        scope.OneIn(2) ? x : scope.Builder.Op(scope.Pick("Mul", "Div"), x, scope.Fill([], scope.Pick(0.5f, 2)));

    private static void Embedding(Scope scope)
    {
        if (scope.Find(item => item.Type == DataType.Int64 && item.Value.IsGraphInput) is { } ids)
            scope.Add(new Item(scope.Builder.Op("Gather", scope.Weight([3, 4]), ids.Value), DataType.Float, [.. ids.Axes, 4]));
    }

    /// <summary>A layer by Gemm on all rows at once, as some exporters write it for more than two axes.</summary>
    private static void FlattenedGemm(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank == 3 && item.Axes[2].Value > 0 && item.Axes[1].Value > 0) is not { } x)
            return;
        var (depth, length) = (x.Length(2), x.Length(1));
        var rows = scope.Builder.Op("Reshape", x.Value, scope.Int64s(-1, depth));
        var layer = scope.Builder.Op("Gemm", rows, scope.Weight([depth, 2]), scope.Weight([2]));
        scope.Add(x.With(scope.Builder.Op("Reshape", layer, scope.Int64s(-1, length, 2)), 2, 2));
    }

    /// <summary>A layer whose result is moved about before it is scaled, as queries are.</summary>
    private static void ScaledLater(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank == 3 && item.Axes[2].Value > 0) is not { } x)
            return;
        var layer = x.With(scope.Builder.Op("MatMul", x.Value, scope.Weight([x.Length(2), 4])), 2, 4);
        var heads = scope.Builder.Op("Reshape", layer.Value, scope.Int64s(0, 0, 2, 2));
        var moved = new Item(heads, x.Type, x.Axes[0], x.Axes[1], 2, 2);
        var turned = TransposeRules.Transpose(scope, moved, [0, 2, 1, 3]);
        scope.Add(turned.With(scope.Builder.Op(scope.Pick("Mul", "Div"), turned.Value, scope.Fill([], scope.Pick(0.5f, 2)))));
    }

    private static Item? Image(Scope scope, int smallest) =>
        scope.Find(item => item.IsFloat && item.Rank == 4 && item.Axes[1..].All(axis => axis.Value >= smallest) && item.Axes[1].Value <= 4);

    private static Value PadImage(Scope scope, ref Item x)
    {
        var filler = scope.OneIn(2) ? null : scope.Fill([], scope.Pick(0f, 0, 1));
        var padded = scope.Builder.Op("Pad", x.Value, scope.Int64s(0, 0, 1, 0, 0, 0, 1, 1), filler);
        x = new Item(padded, x.Type, x.Axes[0], x.Axes[1], x.Length(2) + 2, x.Length(3) + 1);
        return padded;
    }
}
