using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Reductions and the decomposed layers that fusions look for, whole or with one thing out of place.</summary>
internal static class PatternRules
{
    public static Rule[] All => [Reduce, ReduceUnsqueeze, Softmax, GeluErf, GeluTanh, LayerNormalization, LayerNormalization, RmsNormalization, Swish, HardSwish, Bounded, Bounded, Attention];

    private static void Reduce(Scope scope)
    {
        if (scope.FindFloat(1) is not { } x)
            return;
        var (axis, keep) = (scope.Draw.Next(x.Rank), scope.OneIn(2));
        var value = scope.Reduce(scope.Pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2"), x.Value, [axis], keep);
        scope.Add(keep ? x.With(value, axis, 1) : x with { Value = value, Axes = [.. x.Axes[..axis], .. x.Axes[(axis + 1)..]] });
    }

    private static void ReduceUnsqueeze(Scope scope)
    {
        if (scope.FindFloat(1) is not { } x)
            return;
        var axis = scope.Draw.Next(x.Rank);
        scope.Add(x.With(scope.Unsqueeze(scope.Reduce(scope.Pick("ReduceMean", "ReduceMax"), x.Value, [axis], keepDims: false), axis), axis, 1));
    }

    private static void Softmax(Scope scope)
    {
        if (scope.FindFloat(1) is { } x)
            scope.Add(x.With(scope.Builder.Op(scope.Pick("Softmax", "LogSoftmax"), [x.Value], ("axis", (long)(x.Rank - 1)))));
    }

    private static void GeluErf(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var g = scope.Builder;
        var erf = g.Op("Erf", g.Op("Div", x.Value, scope.Fill([], scope.OneIn(6) ? 1.5f : MathF.Sqrt(2))));
        var one = g.Op("Add", erf, scope.Fill([], 1));
        var half = scope.Fill([], 0.5f);
        scope.Add(x.With(scope.OneIn(2) ? g.Op("Mul", g.Op("Mul", x.Value, one), half) : g.Op("Mul", x.Value, g.Op("Mul", half, one))));
    }

    private static void GeluTanh(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var g = scope.Builder;
        var cubic = g.Op("Mul", g.Op("Pow", x.Value, scope.Fill([], scope.OneIn(6) ? 2 : 3)), scope.Fill([], 0.044715f));
        var inner = g.Op("Mul", g.Op("Add", x.Value, cubic), scope.Fill([], MathF.Sqrt(2 / MathF.PI)));
        scope.Add(x.With(g.Op("Mul", g.Op("Mul", x.Value, scope.Fill([], 0.5f)), g.Op("Add", g.Op("Tanh", inner), scope.Fill([], 1)))));
    }

    private static void LayerNormalization(Scope scope)
    {
        if (LastFixed(scope) is not { } x)
            return;
        var (g, axis) = (scope.Builder, scope.OneIn(6) ? 0L : -1);
        var centred = g.Op("Sub", x.Value, scope.Reduce("ReduceMean", x.Value, [axis]));
        var square = scope.OneIn(2) ? g.Op("Mul", centred, centred) : g.Op("Pow", centred, scope.Fill([], 2));
        var variance = g.Op("Add", scope.Reduce("ReduceMean", square, [axis]), scope.Fill([], 1e-2f));
        scope.Add(x.With(Affine(scope, x, g.Op("Div", centred, g.Op("Sqrt", variance)))));
    }

    private static void RmsNormalization(Scope scope)
    {
        if (LastFixed(scope) is not { } x)
            return;
        var g = scope.Builder;
        var variance = g.Op("Add", scope.Reduce("ReduceMean", g.Op("Pow", x.Value, scope.Fill([], 2)), [-1]), scope.Fill([], 1e-2f));
        var normal = scope.OneIn(2)
            ? g.Op("Mul", x.Value, g.Op("Reciprocal", g.Op("Sqrt", variance)))
            : g.Op("Div", x.Value, g.Op("Sqrt", variance));
        scope.Add(x.With(g.Op("Mul", scope.Weight([x.Length(x.Rank - 1)]), normal)));
    }

    private static Value Affine(Scope scope, Item x, Value value)
    {
        long[] width = [x.Length(x.Rank - 1)];
        return scope.OneIn(4) ? value : scope.Builder.Op("Add", scope.Builder.Op("Mul", value, scope.Weight(width)), scope.Weight(width));
    }

    private static void Swish(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(scope.Builder.Op("Mul", x.Value, scope.Builder.Op("Sigmoid", x.Value))));
    }

    /// <summary>Activations spelled out with bounds and exponentials.</summary>
    private static void Bounded(Scope scope)
    {
        if (scope.FindFloat(1) is not { } x)
            return;
        var (g, v) = (scope.Builder, x.Value);
        scope.Add(x.With(scope.Draw.Next(6) switch
        {
            0 => g.Op("Min", g.Op("Max", v, scope.Fill([], -0.5f)), scope.Fill([], scope.Pick(0.5f, -1))),
            1 => g.Op("Max", v, g.Op("Mul", v, scope.Fill([], scope.Pick(0.1f, 2)))),
            2 => g.Op("Clip", g.Op("Add", g.Op("Mul", v, scope.Fill([], 0.2f)), scope.Fill([], 0.5f)), scope.Fill([], 0), scope.Fill([], 1)),
            3 => g.Op("Log", g.Op("Softmax", [v], ("axis", -1L))),
            4 => g.Op("Mul", v, g.Op("Tanh", g.Op("Softplus", v))),
            _ => SoftmaxByHand(scope, v),
        }));
    }

    private static Value SoftmaxByHand(Scope scope, Value x)
    {
        var centred = scope.OneIn(3) ? scope.Builder.Op("Tanh", x) : scope.Builder.Op("Sub", x, scope.Reduce("ReduceMax", x, [-1]));
        var powers = scope.Builder.Op("Exp", centred);
        return scope.Builder.Op("Div", powers, scope.Reduce("ReduceSum", powers, [-1]));
    }

    private static void HardSwish(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var g = scope.Builder;
        var clipped = g.Op("Clip", g.Op("Add", x.Value, scope.Fill([], 3)), scope.Fill([], 0), scope.Fill([], scope.OneIn(6) ? 5 : 6));
        scope.Add(x.With(g.Op("Div", g.Op("Mul", x.Value, clipped), scope.Fill([], 6))));
    }

    /// <summary>Two heads of width 2 over a sequence, with or without biases and an additive mask.</summary>
    private static void Attention(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank == 3 && item.Axes[2].Value == 4) is not { } x)
            return;
        var g = scope.Builder;
        var (query, key, value) = (Heads(scope, x, 0, 2, 1, 3), Heads(scope, x, 0, 2, 3, 1), Heads(scope, x, 0, 2, 1, 3));
        var scores = g.Op("Div", g.Op("MatMul", query, key), scope.Fill([], scope.Pick(MathF.Sqrt(2), 2)));
        if (scope.OneIn(2))
            scores = g.Op("Add", scores, scope.Fill([], scope.Pick(0f, -1)));
        var mixed = g.Op("MatMul", g.Op("Softmax", [scores], ("axis", -1L)), value);
        var joined = g.Op("Reshape", g.Op("Transpose", [mixed], ("perm", new long[] { 0, 2, 1, 3 })), scope.Int64s(0, 0, 4));
        scope.Add(x.With(g.Op("Add", g.Op("MatMul", joined, scope.Weight([4, 4])), scope.Weight([4]))));
    }

    private static Value Heads(Scope scope, Item x, params long[] permutation)
    {
        var g = scope.Builder;
        var projected = g.Op("MatMul", x.Value, scope.Weight([4, 4]));
        if (!scope.OneIn(3))
            projected = g.Op("Add", projected, scope.Weight([4]));
        return g.Op("Transpose", [g.Op("Reshape", projected, scope.Int64s(0, 0, 2, 2))], ("perm", permutation));
    }

    private static Item? LastFixed(Scope scope) => scope.Find(item => item.IsFloat && item.Rank >= 2 && item.Axes[^1].Value > 1);
}
