using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Steps that keep the shape: functions of one value, arithmetic with constants and other values, casts and conditions.</summary>
internal static class ElementwiseRules
{
    /// <summary>Comparisons are made with a number that no cancellation ends up at, so that float noise turns none of them.</summary>
    private const float Threshold = 0.1234f;

    public static Rule[] All =>
    [
        Unary, Unary, Guarded, Arithmetic, Arithmetic, Arithmetic, Chain, Chain, OfValues, OfValues, Clip, ClipChain, Twice,
        Casts, Casts, Compare, Where, Logic, IntegerArithmetic, MinMax,
    ];

    /// <summary>A function that keeps values small and noise small.</summary>
    public static Value Apply(Scope scope, Value x) => scope.Builder.Op(
        scope.Pick("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Erf", "LeakyRelu", "Elu", "Softplus", "Identity", "HardSigmoid", "Sin"), x);

    private static void Unary(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(Apply(scope, x.Value)));
    }

    /// <summary>The same function once more: some are idempotent, some undo themselves.</summary>
    private static void Twice(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var op = scope.Pick("Relu", "Neg", "Abs", "Identity");
        scope.Add(x.With(scope.Builder.Op(op, scope.Builder.Op(op, x.Value))));
    }

    /// <summary>Functions with a pole, kept away from it.</summary>
    private static void Guarded(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var g = scope.Builder;
        var positive = g.Op("Add", g.Op("Abs", x.Value), scope.Fill([], 0.5f));
        scope.Add(x.With(scope.Pick("Sqrt", "Reciprocal", "Log", "Pow") is var op && op == "Pow"
            ? g.Op("Pow", positive, scope.Fill([], scope.Pick(0.5f, 2, -1, 1)))
            : g.Op(op, positive)));
    }

    private static void Arithmetic(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(WithConstant(scope, x, x.Value)));
    }

    /// <summary>Constants one after the other, which folding brings together.</summary>
    private static void Chain(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var value = x.Value;
        for (var i = scope.Draw.Next(2, 4); i > 0; i--)
            value = WithConstant(scope, x, value);
        scope.Add(x.With(value));
    }

    private static Value WithConstant(Scope scope, Item x, Value value)
    {
        var op = scope.Pick("Add", "Add", "Mul", "Mul", "Sub", "Div");
        var shape = ConstantShape(scope, x);
        var neutral = op is "Add" or "Sub" ? 0 : 1;
        var constant = scope.OneIn(6) ? scope.Fill(shape, neutral) : op == "Div" ? scope.Weight(shape, 0.5f, 2) : scope.Weight(shape);
        return op != "Div" && scope.OneIn(3) ? scope.Builder.Op(op, constant, value) : scope.Builder.Op(op, value, constant);
    }

    /// <summary>A shape that spreads over the value: a scalar, one number, one per element of the last axis or per channel, or all of it.</summary>
    private static long[] ConstantShape(Scope scope, Item x) => scope.Draw.Next(5) switch
    {
        0 => [],
        1 when x.Rank > 0 => [1],
        2 when x.Rank == 4 && x.Axes[1].Value is { } channels => scope.Pick<long[]>([channels, 1, 1], [1, channels, 1, 1]),
        3 when x.Rank > 0 && x.Axes[^1].Value is { } last => [last],
        4 when x.Rank > 1 && x.Axes[^1].Value is { } last => [1, last],
        _ => [],
    };

    private static void OfValues(Scope scope)
    {
        if (scope.FindFloat() is not { } x || scope.Find(other => other.IsFloat && other.SpreadsOver(x)) is not { } y)
            return;
        var (a, b) = scope.OneIn(2) ? (x.Value, y.Value) : (y.Value, x.Value);
        scope.Add(x.With(scope.Builder.Op(scope.Pick("Add", "Sub", "Mul", "Add", "Max", "Min"), a, b)));
    }

    private static void MinMax(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(scope.Builder.Op(scope.Pick("Max", "Min", "Sum", "Mean"), scope.OneIn(3) ? [x.Value] : [x.Value, scope.Weight([])])));
    }

    private static void Clip(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(Clip(scope, x.Value)));
    }

    private static void ClipChain(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x.With(scope.Draw.Next(3) switch
            {
                0 => Clip(scope, Clip(scope, x.Value)),
                1 => Clip(scope, scope.Builder.Op("Relu", x.Value)),
                _ => scope.Builder.Op("Relu", Clip(scope, x.Value)),
            }));
    }

    private static Value Clip(Scope scope, Value x)
    {
        var (low, high) = (scope.Pick(-1f, 0, -0.5f, 0.25f), scope.Pick(0.5f, 1, 6));
        return scope.Builder.Op("Clip", x, scope.OneIn(4) ? null : scope.Fill([], low), scope.OneIn(4) ? null : scope.Fill([], high));
    }

    /// <summary>There and back. Only inputs are narrowed: after them, noise of floats could turn a rounding.</summary>
    private static void Casts(Scope scope)
    {
        if (scope.Find(item => item.Type is DataType.Float or DataType.Int64 or DataType.Bool) is not { } x)
            return;
        var path = x.Type switch
        {
            DataType.Float when x.Value.IsGraphInput => scope.Pick<DataType[]>([DataType.Float16, DataType.Float], [DataType.Int64, DataType.Float]),
            DataType.Float => scope.Pick<DataType[]>([DataType.Float], [DataType.Double, DataType.Float], [DataType.Float, DataType.Float]),
            DataType.Int64 => scope.Pick<DataType[]>([DataType.Int32, DataType.Int64], [DataType.Float], [DataType.Int32, DataType.Float], [DataType.Double, DataType.Int64]),
            _ => scope.Pick<DataType[]>([DataType.Float], [DataType.Int64], [DataType.Int32, DataType.Bool]),
        };
        var value = path.Aggregate(x.Value, (from, to) => scope.Builder.Op("Cast", [from], ("to", (long)to)));
        scope.Add(x with { Value = value, Type = path[^1] });
    }

    private static void Compare(Scope scope)
    {
        if (scope.FindFloat() is { } x)
            scope.Add(x with { Value = scope.Builder.Op(scope.Pick("Greater", "Less"), x.Value, scope.Fill([], Threshold)), Type = DataType.Bool });
    }

    private static void Logic(Scope scope)
    {
        if (scope.Find(item => item.Type == DataType.Bool) is not { } x)
            return;
        var value = scope.OneIn(3) ? scope.Builder.Op("Not", scope.Builder.Op("Not", x.Value))
            : scope.OneIn(2) || scope.Find(item => item.Type == DataType.Bool && item.SpreadsOver(x)) is not { } y ? scope.Builder.Op("Not", x.Value)
            : scope.Builder.Op(scope.Pick("And", "Or", "Xor"), x.Value, y.Value);
        scope.Add(x.With(value));
    }

    private static void Where(Scope scope)
    {
        if (scope.FindFloat() is not { } x || scope.Find(item => item.Type == DataType.Bool && item.SpreadsOver(x)) is not { } condition)
            return;
        var other = scope.OneIn(2) ? scope.Fill([], scope.Pick(0f, 1, -10)) : x.Value;
        var (yes, no) = scope.OneIn(2) ? (x.Value, other) : (other, x.Value);
        scope.Add(x.With(scope.Builder.Op("Where", condition.Value, yes, no)));
    }

    private static void IntegerArithmetic(Scope scope)
    {
        if (scope.Find(item => item.Type == DataType.Int64) is not { } x)
            return;
        var constant = scope.Constant(Tensor.Create([], scope.Pick(0L, 1, 2, 3)));
        scope.Add(x.With(scope.Builder.Op(scope.Pick("Add", "Mul", "Sub"), x.Value, constant)));
    }
}
