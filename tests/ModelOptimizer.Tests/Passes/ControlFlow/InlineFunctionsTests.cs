using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class InlineFunctionsTests
{
    private static readonly InlineFunctions Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    [Test]
    public void Calls_vanish_with_their_functions_also_nested_and_in_bodies()
    {
        var g = new GraphBuilder();
        g.Function("local", "Twice", 1, (f, inputs) => [f.Op("Mul", inputs[0], f.Constant(Tensor.Create([], 2f)))]);
        g.Function("local", "Choose", 2, (f, inputs) =>
            [f.If(inputs[1], then => [then.Op("local.Twice", inputs[0])], otherwise => [otherwise.Op("Neg", otherwise.Op("local.Twice", inputs[0]))]).Output()]);
        var (x, c) = (g.Input("x", Matrix), g.Input("c", DataType.Bool));
        g.Output("y", g.Op("Add", g.Op("local.Choose", x, c), g.Op("local.Choose", g.Op("local.Twice", x), c)));

        var test = PassTester.Run(Pass, g.Build()).Leaves("If", "Mul", "If", "Add", "Mul", "Mul", "Neg", "Mul", "Mul", "Neg");

        Assert.That(test.Model.Functions, Is.Empty);
    }

    [TestCase(true, 1)]
    [TestCase(false, 0)]
    public void Attributes_come_from_the_call_or_are_the_functions_own(bool isSaid, long axis)
    {
        var g = new GraphBuilder();
        g.Function("local", "Normalize", 1, (f, inputs) =>
        [
            f.FromCaller<float>(f.Node("LeakyRelu", [f.FromCaller<long>(f.Node("Softmax", [inputs[0]]), "axis", initial: 0).Output()]), "alpha").Output(),
        ]);
        var x = g.Input("x", Matrix);
        g.Output("y", isSaid ? g.Op("local.Normalize", [x], ("axis", 1L), ("alpha", 0.5f)) : g.Op("local.Normalize", x));

        var nodes = PassTester.Run(Pass, g.Build()).Leaves("Softmax", "LeakyRelu").Model.Graph.Nodes;

        Assert.That(nodes.First!.Attributes.GetInt("axis", -1), Is.EqualTo(axis));
        Assert.That(nodes.Last!.Attributes.TryGetFloat("alpha"), Is.EqualTo(isSaid ? 0.5f : null));
    }

    /// <summary>A function that passes its own attribute on to the one that it calls.</summary>
    [Test]
    public void Attributes_are_handed_through()
    {
        var g = new GraphBuilder();
        g.Function("local", "Inner", 1, (f, inputs) => [f.FromCaller<long>(f.Node("Softmax", [inputs[0]]), "axis").Output()]);
        g.Function("local", "Outer", 1, (f, inputs) => [f.FromCaller<long>(f.Node("local.Inner", [inputs[0]]), "axis").Output()]);
        g.Output("y", g.Op("local.Outer", [g.Input("x", Matrix)], ("axis", 0L)));

        Assert.That(PassTester.Run(Pass, g.Build()).Leaves("Softmax").Model.Graph.Nodes.First!.Attributes.TryGetInt("axis"), Is.EqualTo(0));
    }

    [Test]
    public void Inputs_may_be_left_out()
    {
        var g = new GraphBuilder();
        g.Function("local", "Bound", 3, (f, inputs) => [f.Op("Clip", inputs), f.Op("Neg", inputs[0])]);
        var call = g.Node("local.Bound", [g.Input("x", Matrix), null, g.Initializer("max", [], 0.5f)], outputs: 2);
        g.Output("y", call.Output());
        g.Output("z", call.Output(1));

        var clip = PassTester.Run(Pass, g.Build()).Leaves("Clip", "Neg").Model.Graph.Nodes.First!;

        Assert.That(clip.Inputs.Select(input => input is null), Is.EqualTo(new[] { false, true, false }));
    }

    [Test]
    public void An_input_handed_out_costs_an_Identity_before_a_graph_output()
    {
        var g = new GraphBuilder();
        g.Function("local", "Both", 1, (f, inputs) => [inputs[0], f.Op("Exp", inputs[0])]);
        var call = g.Node("local.Both", [g.Input("x", Matrix)], outputs: 2);
        g.Output("y", call.Output());
        g.Output("z", call.Output(1));

        var result = g.Build();
        PassContexts.Run(result, Pass);

        Assert.That(result.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Exp", "Identity" }));
    }

    [Test]
    public void Domains_of_the_functions_nodes_are_imported_where_they_stand_now()
    {
        var g = new GraphBuilder();
        g.Function("local", "Activate", 1, (f, inputs) => [f.Op("com.microsoft.Gelu", inputs[0])]);
        g.Output("y", g.Op("local.Activate", g.Input("x", Matrix)));
        var model = g.Build();

        Assert.That(PassTester.Run(Pass, model).Leaves("Gelu").Model.OpsetImports.Keys, Does.Contain("com.microsoft"));
    }

    [Test]
    public void A_function_of_another_version_stays_unless_it_has_no_such_operators()
    {
        var g = new GraphBuilder(opset: 17);
        g.Function("local", "Inner", 1, (f, inputs) => [f.Op("Exp", inputs[0])], opset: 18);
        g.Function("local", "Outer", 1, (f, inputs) => [f.Op("local.Inner", inputs[0])], opset: 18);
        g.Output("y", g.Op("local.Outer", g.Input("x", Matrix)));
        var model = g.Build();

        var log = PassContexts.Run(model, Pass);

        // Inside Outer, which is of the same version, Inner was no stranger.
        Assert.That(model.Functions.Select(function => function.Name), Is.EqualTo(new[] { "Outer" }));
        Assert.That(log.Refusals.Single().Why, Is.EqualTo("local.Outer is written for version 18 of the standard operators, what calls it for version 17"));
    }

    [Test]
    public void Functions_that_call_each_other_stay()
    {
        var g = new GraphBuilder();
        g.Function("local", "A", 1, (f, inputs) => [f.Op("local.B", inputs[0])]);
        g.Function("local", "B", 1, (f, inputs) => [f.Op("local.A", inputs[0])]);
        g.Output("y", g.Op("local.A", g.Input("x", Matrix)));

        Assert.That(PassContexts.Run(g.Build(), Pass).Refusals.Select(refusal => refusal.Why), Has.Some.EqualTo("local.A calls itself"));
    }

    [Test]
    public void A_model_without_functions_is_none_of_its_business()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Input("x", Matrix)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }
}
