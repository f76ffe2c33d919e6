using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using WeightForm = ModelOptimizer.Testing.WeightForm;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class InlineIfTests
{
    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Choice(g, g.Weight("c", Bool(true)), x), Vector, opsets: [17, 9, 11, 13, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(new InlineIf(), row);

    [TestCase(true, "Relu")]
    [TestCase(false, "Abs")]
    public void Takes_the_branch_that_the_condition_names(bool condition, string branch)
    {
        var g = new GraphBuilder();
        g.Output("y", Choice(g, g.Initializer("c", Tensor.Create(DataType.Bool, [1], [condition])), g.Input("x", Vector)));

        PassTester.Run(new InlineIf(), g.Build()).Leaves(branch);
    }

    /// <summary>Branch, weight and inner branch use names that the graph outside has given away.</summary>
    [TestCase(WeightForm.Initializer)]
    [TestCase(WeightForm.ConstantNode)]
    public void Constants_and_bodies_come_along_under_names_of_their_own(WeightForm form)
    {
        var g = new GraphBuilder { Weights = form };
        var (x, c) = (g.Input("x", Vector), g.Input("c", DataType.Bool));
        var w = g.Weight("w", Tensor.Create([3], 1f, 2f, 3f));
        var inlined = g.If(g.Weight("always", Bool(true)), then =>
        {
            var scaled = then.Op("Mul", x, then.Weight("w", Tensor.Create([3], 4f, 5f, 6f)));
            return [then.If(c, inner => [inner.Op("Sub", scaled, inner.Weight("w", Tensor.Create([1], 7f)))], inner => [inner.Op("Neg", scaled)]).Output()];
        }, otherwise => [otherwise.Op("Abs", x)]);
        g.Output("y", g.Op("Add", inlined.Output(), w));

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Mul", "If", "Add", "Sub", "Neg");
    }

    [Test]
    public void Old_files_list_a_branchs_constants_among_its_inputs()
    {
        var g = new GraphBuilder(opset: 8, irVersion: 3);
        var x = g.Input("x", DataType.Float, 2);
        var always = g.InputWithDefault("always", Tensor.Create(DataType.Bool, [], [true]));
        g.Output("y", g.If(always, then => [then.Op("Add", x, then.InputWithDefault("w", Tensor.Create([2], 1f, 2f)))], otherwise => [otherwise.Op("Neg", x)]).Output());

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Add");
    }

    [Test]
    public void A_function_gets_a_branchs_initializers_as_Constant_nodes()
    {
        var g = new GraphBuilder();
        g.Function("local", "Scale", 1, (f, inputs) =>
        [
            f.If(f.Constant(Bool(true)), then => [then.Op("Mul", inputs[0], then.Initializer("w", [3], 4, 5, 6))], otherwise => [otherwise.Op("Abs", inputs[0])]).Output(),
        ]);
        g.Output("y", g.Op("local.Scale", g.Input("x", Vector)));

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Scale", "Mul");
    }

    [Test]
    public void A_branch_that_hands_out_an_outer_value_keeps_its_Identity_before_a_graph_output()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        g.Output("y", g.If(g.Initializer("c", Bool(true)), then => [then.Op("Identity", x)], otherwise => [otherwise.Op("Abs", x)]).Output());

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Identity");
    }

    [Test]
    public void Two_graph_outputs_that_show_one_value_cost_an_Identity()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        var choice = g.If(g.Initializer("c", Bool(true)), then => Twice(then.Op("Relu", x)), otherwise => Twice(otherwise.Op("Abs", x)));
        g.Output("y", choice.Output());
        g.Output("z", choice.Output(1));

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Relu", "Identity");

        static Value[] Twice(Value value) => [value, value];
    }

    [TestCase(false, "Neg", "Exp")]
    [TestCase(true, "Relu", "Abs")]
    public void A_condition_is_known_inside_the_branch_that_it_led_into(bool isNegated, string inThen, string inElse)
    {
        var g = new GraphBuilder();
        var (x, c) = (g.Input("x", Vector), g.Input("c", DataType.Bool));
        g.Output("y", g.If(c, then => [Inner(then, "Neg", "Relu")], otherwise => [Inner(otherwise, "Abs", "Exp")]).Output());

        PassTester.Run(new InlineIf(), g.Build()).Leaves(isNegated ? ["If", "Not", inThen, "Not", inElse] : ["If", inThen, inElse]);

        Value Inner(GraphBuilder branch, string ifTrue, string ifFalse) => branch.If(isNegated ? branch.Op("Not", c) : c,
            then => [then.Op(ifTrue, x)], otherwise => [otherwise.Op(ifFalse, x)]).Output();
    }

    [Test]
    public void A_condition_is_not_known_beside_the_branch()
    {
        var g = new GraphBuilder();
        var (x, c) = (g.Input("x", Vector), g.Input("c", DataType.Bool));
        g.Output("y", Choice(g, c, Choice(g, c, x)));

        PassTester.Run(new InlineIf(), g.Build()).Ignores();
    }

    [Test]
    public void Equal_branches_need_no_condition()
    {
        var g = new GraphBuilder();
        var (x, c, d) = (g.Input("x", Vector), g.Input("c", DataType.Bool), g.Input("d", DataType.Bool));
        g.Output("y", g.If(c, then => [Branch(then, then.Initializer("w", [1], 2f))], otherwise => [Branch(otherwise, otherwise.Constant(Tensor.Create([1], 2f)))]).Output());

        PassTester.Run(new InlineIf(), g.Build()).Leaves("Mul", "If", "Relu", "Add");

        Value Branch(GraphBuilder branch, Value weight)
        {
            var scaled = branch.Op("Mul", x, weight);
            return branch.If(d, then => [then.Op("Relu", scaled)], otherwise => [otherwise.Op("Add", scaled, weight)]).Output();
        }
    }

    private static IEnumerable<TestCaseData> Different =>
    [
        Case("operator", (g, x, _) => g.Op("Relu", x), (g, x, _) => g.Op("Abs", x)),
        Case("attribute", (g, x, _) => g.Op("LeakyRelu", [x], ("alpha", 0.1f)), (g, x, _) => g.Op("LeakyRelu", [x], ("alpha", 0.2f))),
        Case("outer value", (g, x, _) => g.Op("Abs", x), (g, _, y) => g.Op("Abs", y)),
        Case("order of inputs", (g, x, y) => g.Op("Sub", x, y), (g, x, y) => g.Op("Sub", y, x)),
        Case("constant", (g, x, _) => g.Op("Add", x, g.Initializer("w", [1], 1f)), (g, x, _) => g.Op("Add", x, g.Initializer("w", [1], 2f))),
        Case("shape of a constant", (g, x, _) => g.Op("Add", x, g.Initializer("w", [1], 1f)), (g, x, _) => g.Op("Add", x, g.Initializer("w", [], 1f))),
        Case("length", (g, x, _) => g.Op("Abs", x), (g, x, _) => g.Op("Neg", g.Op("Abs", x))),
        Case("output", (g, x, _) => OneOfTwo(g, x, 0), (g, x, _) => OneOfTwo(g, x, 1)),
    ];

    [TestCaseSource(nameof(Different))]
    public void Leaves_different_branches_alone(Func<GraphBuilder, Value, Value, Value> then, Func<GraphBuilder, Value, Value, Value> otherwise)
    {
        var g = new GraphBuilder();
        var (x, y) = (g.Input("x", Vector), g.Input("y", Vector));
        g.Output("z", g.If(g.Input("c", DataType.Bool), branch => [then(branch, x, y)], branch => [otherwise(branch, x, y)]).Output());

        PassTester.Run(new InlineIf(), g.Build()).Ignores();
    }

    private static Value OneOfTwo(GraphBuilder g, Value x, int index) => new[] { g.Op("Abs", x), g.Op("Neg", x) }[index];

    private static Value Choice(GraphBuilder g, Value condition, Value x) =>
        g.If(condition, then => [then.Op("Relu", x)], otherwise => [otherwise.Op("Abs", x)]).Output();

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value, Value> then, Func<GraphBuilder, Value, Value, Value> otherwise) =>
        new TestCaseData(then, otherwise).SetArgDisplayNames(name);

    private static Tensor Bool(bool value) => Tensor.Create(DataType.Bool, [], [value]);
}
