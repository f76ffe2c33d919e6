using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

public sealed class BodyTests
{
    private GraphBuilder _g = null!;

    [SetUp]
    public void SetUp() => _g = new GraphBuilder();

    [Test]
    public void An_If_has_what_both_branches_agree_on()
    {
        var x = _g.Input("x", DataType.Float, "n", 3);
        var node = _g.If(_g.Input("c", DataType.Bool), then => [then.Op("Exp", x), then.Op("Shape", x)],
            otherwise => [otherwise.Op("Concat", [x, x], ("axis", 0L)), otherwise.Op("Concat", [Length(otherwise, x), otherwise.Int64s("four", 4)], ("axis", 0L))]);
        (node.Output(0).Name, node.Output(1).Name) = ("a", "b");

        var inference = Infer(node.Output(0), node.Output(1));

        Assert.That(node.Output(0).Type!.ToString(), Is.EqualTo("float[a@0,3]"));
        Assert.That(string.Join(',', inference.ElementsOf(node.Output(1))!.Value), Is.EqualTo("n,?"));
    }

    [Test]
    public void A_loop_keeps_the_shape_that_its_body_hands_on()
    {
        var (formal, loop) = Loop(_g.Input("x", DataType.Float, "n", 3), (body, carried) => body.Op("Exp", carried));

        Assert.That(formal.Type!.ToString(), Is.EqualTo("float[n,3]"));
        Assert.That(loop.Output(0).Type!.ToString(), Is.EqualTo("float[n,3]"));
    }

    [Test]
    public void An_axis_that_a_loop_makes_longer_is_unknown()
    {
        var (formal, loop) = Loop(_g.Input("x", DataType.Float, "n", 3), (body, carried) => body.Op("Concat", [carried, carried], ("axis", 0L)));

        Assert.That(formal.Type!.ToString(), Is.EqualTo("float[?,3]"), "each step has another");
        Assert.That(loop.Output(0).Type!.ToString(), Is.EqualTo("float[loop@0,3]"), "there is one in the end");
    }

    [Test]
    public void A_rank_that_a_loop_changes_is_unknown()
    {
        var (formal, _) = Loop(_g.Input("x", DataType.Float, "n", 3), (body, carried) => body.Op("Unsqueeze", carried, body.Int64s("axes", 0)));

        Assert.That(formal.Type!.ToString(), Is.EqualTo("float"));
    }

    /// <summary>A symbol in a body would stand for another length at each step.</summary>
    [Test]
    public void What_each_step_decides_has_no_symbol()
    {
        Value found = null!;
        Loop(_g.Input("x", DataType.Float, "n", 3), (body, carried) =>
        {
            found = body.Op("NonZero", carried);
            return carried;
        });

        Assert.That(found.Type!.ToString(), Is.EqualTo("int64[2,?]"));
    }

    [Test]
    public void A_declared_symbol_is_none_where_steps_differ()
    {
        var x = _g.Input("x", DataType.Float, "n", 3);
        var (formal, _) = Loop(_g.Op("somewhere.Unknown", x), (body, carried) =>
        {
            carried.Type = x.Type;
            return body.Op("Exp", carried);
        });

        Assert.That(formal.Type!.ToString(), Is.EqualTo("float[?,3]"));
    }

    [TestCase(true, "float[3,n,3]")]
    [TestCase(false, "float[collected@0,n,3]")]
    public void What_a_loop_collects_is_as_long_as_its_trips_where_nothing_ends_it_before(bool isEndless, string expected)
    {
        var x = _g.Input("x", DataType.Float, "n", 3);
        var more = _g.Input("more", DataType.Bool);
        var loop = _g.Loop(_g.Initializer("trips", Tensor.Create([], 3L)), null, [],
            (body, formals) => [body.Op("Identity", isEndless ? formals[1] : more), body.Op("Exp", x)]);
        loop.Output().Name = "collected";

        Infer(loop.Output());

        Assert.That(loop.Output().Type!.ToString(), Is.EqualTo(expected));
    }

    [Test]
    public void A_function_has_in_its_body_what_all_calls_agree_on_and_for_each_call_its_own()
    {
        Value inside = null!;
        _g.Function("local", "F", 1, (f, inputs) => [inside = f.Op("Transpose", inputs[0])]);
        var (x, y) = (_g.Op("local.F", _g.Input("x", DataType.Float, "n", 3)), _g.Op("local.F", _g.Input("y", DataType.Float, "m", 3)));

        Infer(x, y);

        Assert.That(inside.Type!.ToString(), Is.EqualTo("float[3,?]"));
        Assert.That(new[] { x, y }.Select(value => value.Type!.ToString()), Is.EqualTo(new[] { "float[3,n]", "float[3,m]" }));
    }

    [Test]
    public void Functions_that_functions_call_are_typed_too()
    {
        Value inside = null!;
        _g.Function("local", "Inner", 1, (f, inputs) => [inside = f.Op("Transpose", inputs[0])]);
        _g.Function("local", "Outer", 1, (f, inputs) => [f.Op("local.Inner", f.Op("Exp", inputs[0]))]);
        var x = _g.Op("local.Outer", _g.Input("x", DataType.Float, "n", 3));

        Infer(x);

        Assert.That(inside.Type!.ToString(), Is.EqualTo("float[3,n]"));
        Assert.That(x.Type!.ToString(), Is.EqualTo("float[3,n]"));
    }

    private (Value Formal, Node Loop) Loop(Value start, Func<GraphBuilder, Value, Value> step)
    {
        Value formal = null!;
        var loop = _g.Loop(_g.Input("trips", DataType.Int64), null, [start], (body, formals) =>
        {
            formal = formals[2];
            return [body.Op("Identity", formals[1]), step(body, formal)];
        });
        loop.Output().Name = "loop";
        Infer(loop.Output());
        return (formal, loop);
    }

    private TypeInference Infer(params Value[] outputs)
    {
        foreach (var output in outputs)
            _g.Output($"output_{output.Name}_{output.Producer}", output);
        var inference = new TypeInference(PassContexts.Engine);
        inference.Run(_g.Build());
        return inference;
    }

    private static Value Length(GraphBuilder g, Value x) => g.Op("Gather", g.Op("Shape", x), g.Int64s("axis", 0));
}
