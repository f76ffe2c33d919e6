using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class EliminateUnusedLoopValuesTests
{
    private static readonly EliminateUnusedLoopValues Pass = new();

    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Wasteful(g, g.Weight("trips", Trips(2)), x).Output(), Vector,
        opsets: [17, 9, 11, 13], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    /// <summary>The sum feeds only itself, the collected products nobody.</summary>
    [Test]
    public void Takes_away_what_is_carried_and_collected_for_nobody()
    {
        var g = new GraphBuilder();
        g.Output("y", Wasteful(g, g.Initializer("trips", Trips(3)), g.Input("x", Vector)).Output());

        var loop = PassTester.Run(Pass, g.Build()).Leaves("Loop", "Identity", "Neg").Model.Graph.Nodes.First!;

        Assert.That((loop.Inputs.Count, loop.Outputs.Count, loop.Bodies[0].Graph.Inputs.Count, loop.Bodies[0].Graph.Outputs.Count), Is.EqualTo((3, 1, 3, 2)));
    }

    [Test]
    public void Values_that_only_feed_each_other_go_together()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        g.Output("y", g.Loop(g.Initializer("trips", Trips(3)), null, [x, x, x], (body, formals) =>
            [body.Op("Identity", formals[1]), body.Op("Exp", formals[3]), body.Op("Neg", formals[2]), body.Op("Abs", formals[4])]).Output(2));

        PassTester.Run(Pass, g.Build()).Leaves("Loop", "Identity", "Abs");
    }

    /// <summary>Nobody reads the count, but it ends the loop; nobody reads the bias, but the result is made of it one step later.</summary>
    [Test]
    public void Keeps_what_the_condition_or_a_later_step_needs()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        var (start, limit) = (g.Initializer("start", [], 0f), g.Initializer("limit", [], 2f));
        var loop = g.Loop(g.Initializer("trips", Trips(9)), null, [start, x, x], (body, formals) =>
        {
            var count = body.Op("Add", formals[2], body.Initializer("one", [], 1f));
            var inner = body.If(formals[1], then => [then.Op("Mul", formals[3], formals[4])], otherwise => [otherwise.Op("Neg", formals[3])]);
            return [body.Op("Less", count, limit), count, inner.Output(), body.Op("Exp", formals[4])];
        });
        g.Output("y", loop.Output(1));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void A_Scans_axes_stay_with_their_outputs()
    {
        var g = new GraphBuilder();
        var scan = g.Scan([g.Input("s", Vector)], [g.Input("x", DataType.Float, 4, 3)], (body, formals) =>
            [body.Op("Add", formals[0], formals[1]), body.Op("Exp", formals[1]), body.Op("Neg", formals[1])]);
        scan.Attributes.Set("scan_output_axes", [0L, 1L]);
        scan.Attributes.Set("scan_output_directions", [0L, 1L]);
        g.Output("y", scan.Output(2));

        var result = PassTester.Run(Pass, g.Build()).Leaves("Scan", "Neg").Model.Graph.Nodes.First!;

        Assert.That(result.Attributes.TryGetInts("scan_output_axes"), Is.EqualTo(new long[] { 1 }));
    }

    private static Node Wasteful(GraphBuilder g, Value trips, Value x) => g.Loop(trips, null, [x, x], (body, formals) =>
        [body.Op("Identity", formals[1]), body.Op("Neg", formals[2]), body.Op("Add", formals[3], formals[2]), body.Op("Mul", formals[2], formals[3])]);

    private static Tensor Trips(long count) => Tensor.Create([], count);
}
