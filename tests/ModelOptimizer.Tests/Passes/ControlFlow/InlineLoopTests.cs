using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class InlineLoopTests
{
    private static readonly InlineLoop Pass = new();

    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Add", Steps(g, g.Weight("trips", Trips(1)), null, x).Outputs.ToArray()), Vector,
        opsets: [17, 9, 11, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Once =>
    [
        Case("one trip", g => Trip(g, 1), _ => null),
        Case("one trip of shape [1]", g => g.Initializer("trips", Tensor.Create([1], 1L)), _ => null),
        Case("one trip and a condition that holds", g => Trip(g, 1), g => Bool(g, true)),
    ];

    [TestCaseSource(nameof(Once))]
    public void Takes_the_body_of_one_step(Func<GraphBuilder, Value?> trips, Func<GraphBuilder, Value?> condition)
    {
        var g = new GraphBuilder();
        var loop = Steps(g, trips(g), condition(g), g.Input("x", Vector));
        g.Output("y", loop.Output());
        g.Output("ys", loop.Output(1));

        PassTester.Run(Pass, g.Build()).Leaves("Identity", "Cast", "Add", "Neg", "Unsqueeze");
    }

    [Test]
    public void A_body_that_ends_the_loop_is_taken_once_however_many_trips_there_may_be()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        g.Output("y", g.Loop(Trip(g, 5), null, [x], (body, formals) => [body.Initializer("stop", Tensor.Create(DataType.Bool, [], [false])), body.Op("Exp", formals[2])]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("Exp");
    }

    /// <summary>The runtime hands them to the body in the rank that it declares.</summary>
    [Test]
    public void A_body_may_want_its_counter_and_condition_as_vectors()
    {
        var g = new GraphBuilder();
        var loop = g.Loop(Trip(g, 1), null, [g.Input("x", Vector)], (body, formals) =>
        {
            formals[0].Type = new TensorType(DataType.Int64, Shape.Of(1));
            formals[1].Type = new TensorType(DataType.Bool, Shape.Of(1));
            return [body.Op("Identity", formals[1]), body.Op("Identity", formals[2]), body.Op("Concat", [formals[0], formals[0]], ("axis", 0)), body.Op("Shape", formals[0])];
        });
        g.Output("y", loop.Output(1));
        g.Output("z", loop.Output(2));

        PassTester.Run(Pass, g.Build());
        PassTester.Run(new FoldShape(), g.Build());
    }

    private static IEnumerable<TestCaseData> Never =>
    [
        Case("no trip", g => Trip(g, 0), _ => null),
        Case("fewer than none", g => Trip(g, -1), _ => null),
        Case("a condition that does not hold", g => Trip(g, 2), g => Bool(g, false)),
    ];

    [TestCaseSource(nameof(Never))]
    public void Without_a_step_the_start_comes_out_and_nothing_is_collected(Func<GraphBuilder, Value?> trips, Func<GraphBuilder, Value?> condition)
    {
        var g = new GraphBuilder();
        var loop = Steps(g, trips(g), condition(g), g.Input("x", Vector));
        g.Output("y", loop.Output());
        g.Output("ys", loop.Output(1));

        var test = PassTester.Run(Pass, g.Build()).Leaves("Identity");

        Assert.That(test.Initializers.Select(value => value.Initializer!.ToString()), Does.Contain("float[0,3]"));
    }

    [Test]
    public void Nothing_of_an_unknown_shape_is_no_constant()
    {
        var g = new GraphBuilder();
        var loop = g.Loop(Trip(g, 0), null, [], (body, formals) => [body.Op("Identity", formals[1]), body.Op("Exp", g.Input("x", DataType.Float, "n"))]);
        g.Output("ys", loop.Output());

        PassTester.Run(Pass, g.Build()).Refuses("the shape of what it collects is not known");
    }

    private static IEnumerable<TestCaseData> Several =>
    [
        Case("two trips", g => Trip(g, 2), _ => null),
        Case("trips that the caller counts", g => g.Input("trips", DataType.Int64), _ => null),
        Case("a condition that may not hold", g => Trip(g, 1), g => g.Input("condition", DataType.Bool)),
    ];

    [TestCaseSource(nameof(Several))]
    public void Leaves_alone_what_may_take_more_steps_or_fewer(Func<GraphBuilder, Value?> trips, Func<GraphBuilder, Value?> condition)
    {
        var g = new GraphBuilder();
        g.Output("y", Steps(g, trips(g), condition(g), g.Input("x", Vector)).Output());

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    /// <summary>The body reads the number of the step, hands on the condition, carries and collects.</summary>
    private static Node Steps(GraphBuilder g, Value? trips, Value? condition, Value x) => g.Loop(trips, condition, [x], (body, formals) =>
    [
        body.Op("Identity", formals[1]),
        body.Op("Add", formals[2], body.Op("Cast", [formals[0]], ("to", (long)DataType.Float))),
        body.Op("Neg", formals[2]),
    ]);

    private static Value Trip(GraphBuilder g, long count) => g.Initializer("trips", Trips(count));

    private static Value Bool(GraphBuilder g, bool value) => g.Initializer("condition", Tensor.Create(DataType.Bool, [], [value]));

    private static Tensor Trips(long count) => Tensor.Create([], count);

    private static TestCaseData Case(string name, Func<GraphBuilder, Value?> trips, Func<GraphBuilder, Value?> condition) =>
        new TestCaseData(trips, condition).SetArgDisplayNames(name);
}
