using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Nodes with bodies, which read values from around them, and calls of model-local functions.</summary>
internal static class BodyRules
{
    private const int MaxSteps = 5;
    private const int MaxDepth = 2;

    public static Rule[] All => [If, If, Loop, Function];

    /// <summary>Steps for bodies: all but further bodies.</summary>
    private static readonly Rule[] Inner = [.. ElementwiseRules.All, .. TransposeRules.All, .. ReshapeRules.All, .. SelectionRules.All, .. WeightRules.All, .. ShapeRules.All];

    private static void If(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var both = scope.OneIn(3);
        var node = scope.Builder.If(Condition(scope), then => Branches(scope.Body(then), x, both), otherwise => Branches(scope.Body(otherwise), x, both));
        scope.Add(x.With(node.Output(both ? scope.Draw.Next(2) : 0)));
    }

    private static Value[] Branches(Scope body, Item x, bool both) => both ? [Branch(body, x), Branch(body, x)] : [Branch(body, x)];

    /// <summary>Fed, computed, or known beforehand.</summary>
    private static Value Condition(Scope scope)
    {
        if (!scope.OneIn(4) && scope.Find(item => item is { Type: DataType.Bool, Rank: 0 }) is { } known)
            return known.Value;
        return scope.Constant(Tensor.Create<byte>(DataType.Bool, [], [(byte)scope.Draw.Next(2)]));
    }

    /// <summary>A few steps from a value around it, ending with something of its shape.</summary>
    private static Value Branch(Scope body, Item x)
    {
        Grow(body);
        var result = body.Find(item => item.IsFloat && item.SpreadsOver(x))!;
        return body.Builder.Op(body.Pick("Add", "Mul"), result.Value, ElementwiseRules.Apply(body, x.Value));
    }

    private static void Loop(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var (trips, collects, carriesMore) = (scope.Pick(1L, 2, 3, 0), scope.OneIn(2), scope.OneIn(3));
        Value[] carried = carriesMore ? [x.Value, x.Value] : [x.Value];
        var loop = scope.Builder.Loop(scope.Constant(Tensor.Create([], trips)), null, carried, (builder, formals) =>
        {
            var body = scope.Body(builder);
            body.Items.AddRange(formals[2..].Select(x.With));
            Value[] next = [Branch(body, x.With(formals[2])), .. formals[3..].Select(formal => More(body, formal))];
            return [builder.Op("Identity", formals[1]), .. next, .. collects ? [ElementwiseRules.Apply(body, x.Value)] : Array.Empty<Value>()];
        });
        scope.Add(x.With(loop.Output(scope.Draw.Next(carried.Length))));
        if (collects && trips > 0)
            scope.Add(x with { Value = loop.Output(carried.Length), Axes = [trips, .. x.Axes] });
    }

    /// <summary>A second carried value, which may never change.</summary>
    private static Value More(Scope body, Value formal) => body.OneIn(2) ? body.Builder.Op("Identity", formal) : ElementwiseRules.Apply(body, formal);

    private static void Function(Scope scope)
    {
        if (scope.Place == Place.Function || scope.FindFloat(1) is not { } x || scope.Find(item => item.IsFloat && item.Axes.SequenceEqual(x.Axes)) is not { } y)
            return;
        var name = $"Function{scope.Draw.Next()}";
        // A step that is repeated calls what it defined the first time.
        if (scope.Functions.Add(name))
            scope.Builder.Function("local", name, 2, (builder, inputs) =>
            {
                var body = scope.Function(builder);
                body.Items.AddRange([x.With(inputs[0]), y.With(inputs[1])]);
                return [Branch(body, x.With(inputs[0]))];
            });
        scope.Add(x.With(scope.Builder.Op($"local.{name}", x.Value, y.Value)));
        if (scope.OneIn(2))
            scope.Add(x.With(scope.Builder.Op($"local.{name}", y.Value, x.Value)));
    }

    private static void Grow(Scope body)
    {
        for (var i = body.Draw.Next(MaxSteps); i > 0; i--)
            (body.Depth < MaxDepth && body.OneIn(4) ? body.Pick(All) : body.Pick(Inner))(body);
    }
}
