using ModelOptimizer.Onnx;
using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>One of the situations that every pass meets.</summary>
/// <param name="MayRewrite">False where the pass must keep its hands off: a weight that callers may override.</param>
public sealed record StandardRow(string Name, OnnxModel Model, bool MayRewrite)
{
    public override string ToString() => Name;
}

/// <summary>
/// Puts one pattern into all situations in which passes go wrong. A pattern reads <c>x</c> and takes its weights from
/// <see cref="GraphBuilder.Weight"/>, which each row supplies in its own way.
/// </summary>
public static class StandardRows
{
    /// <summary>The rows as test cases.</summary>
    /// <param name="pattern">Builds what the pass reacts to from an input.</param>
    /// <param name="x">The input's type.</param>
    /// <param name="opsets">Versions of the operators for which the pattern is valid; the first is used where the version doesn't matter.</param>
    /// <param name="missingOptional">The same pattern with an optional input left out, where its operators have one.</param>
    /// <param name="mayRewriteOverridable">Whether a weight that callers may feed stops the pass.</param>
    public static IEnumerable<TestCaseData> Of(Func<GraphBuilder, Value, Value> pattern, TensorType x, long[] opsets,
        Func<GraphBuilder, Value, Value>? missingOptional = null, bool mayRewriteOverridable = false)
    {
        var rows = new List<StandardRow>
        {
            Row("feeds a graph output", g => g.Output("y", pattern(g, g.Input("x", x)))),
            Row("feeds another node", g => g.Output("y", g.Op("Abs", pattern(g, g.Input("x", x))))),
            Row("feeds an output and a node", g => FeedBoth(g, pattern(g, g.Input("x", x)))),
            Row("twice, weights shared", g => Twice(g, pattern, g.Input("x", x))),
            Row("weights in Constant nodes", g => g.Output("y", pattern(g, g.Input("x", x))), weights: WeightForm.ConstantNode),
            Row("in both branches of an If", g => InIf(g, pattern, g.Input("x", x))),
            Row("weights captured by both branches of an If", g => InIf(g, pattern, g.Input("x", x)), weights: WeightForm.Captured),
            Row("weights captured by a Loop's body", g => InLoop(g, pattern, g.Input("x", x)), weights: WeightForm.Captured),
            Row("in a Loop's body", g => InLoop(g, pattern, g.Input("x", x))),
            Row("in a function", g => InFunction(g, pattern, g.Input("x", x)), weights: WeightForm.ConstantNode),
        };
        rows.AddRange(opsets.Skip(1).Select(opset => Row($"at opset {opset}", g => g.Output("y", pattern(g, g.Input("x", x))), opset)));
        if (missingOptional is not null)
            rows.Add(Row("optional input missing", g => g.Output("y", missingOptional(g, g.Input("x", x)))));
        if (UsesWeights(pattern, x))
            rows.Add(Row("weights are inputs too", g => g.Output("y", pattern(g, g.Input("x", x))), weights: WeightForm.InputWithDefault) with
            {
                MayRewrite = mayRewriteOverridable,
            });
        return rows.Select(row => new TestCaseData(row).SetArgDisplayNames(row.Name));

        StandardRow Row(string name, Action<GraphBuilder> build, long? opset = null, WeightForm weights = WeightForm.Initializer)
        {
            var g = new GraphBuilder(opset ?? opsets[0]) { Weights = weights };
            build(g);
            return new StandardRow(name, g.Build(), MayRewrite: true);
        }
    }

    private static bool UsesWeights(Func<GraphBuilder, Value, Value> pattern, TensorType x)
    {
        var g = new GraphBuilder();
        pattern(g, g.Input("x", x));
        return g.Build().Graph.Initializers.Count > 0;
    }

    private static void FeedBoth(GraphBuilder g, Value value)
    {
        g.Output("y", value);
        g.Output("z", g.Op("Abs", value));
    }

    private static void Twice(GraphBuilder g, Func<GraphBuilder, Value, Value> pattern, Value x)
    {
        g.Output("y", pattern(g, x));
        g.Output("z", pattern(g, g.Op("Abs", x)));
    }

    private static void InIf(GraphBuilder g, Func<GraphBuilder, Value, Value> pattern, Value x)
    {
        var node = g.If(g.Input("c", DataType.Bool), then => [pattern(then, x)], otherwise => [pattern(otherwise, otherwise.Op("Abs", x))]);
        g.Output("y", node.Output());
    }

    private static void InLoop(GraphBuilder g, Func<GraphBuilder, Value, Value> pattern, Value x)
    {
        var trips = g.Initializer("trips", Tensor.Create([], 2L));
        var loop = g.Loop(trips, null, [], (body, formals) => [body.Op("Identity", formals[1]), pattern(body, x)]);
        g.Output("y", loop.Output());
    }

    private static void InFunction(GraphBuilder g, Func<GraphBuilder, Value, Value> pattern, Value x)
    {
        g.Function("local", "Pattern", 1, (f, inputs) => [pattern(f, inputs[0])]);
        g.Output("y", g.Op("local.Pattern", x));
    }
}
