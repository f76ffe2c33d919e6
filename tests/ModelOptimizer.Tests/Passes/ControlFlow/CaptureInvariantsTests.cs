using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class CaptureInvariantsTests
{
    private static readonly CaptureInvariants Pass = new();

    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Sum(g, g.Weight("trips", Trips(2)), x).Output(), Vector,
        opsets: [17, 9, 11, 13], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void The_body_reads_the_start_and_the_slot_is_gone()
    {
        var g = new GraphBuilder();
        g.Output("y", Sum(g, g.Initializer("trips", Trips(3)), g.Input("x", Vector)).Output());

        var loop = PassTester.Run(Pass, g.Build()).Leaves("Neg", "Loop", "Identity", "Add", "Identity").Model.Graph.Nodes.Last!;

        Assert.That((loop.Inputs.Count, loop.Outputs.Count, loop.Bodies[0].Graph.Inputs.Count, loop.Bodies[0].Graph.Outputs.Count), Is.EqualTo((3, 1, 3, 2)));
    }

    /// <summary>What a loop hands out of it is the start itself, also after no step at all.</summary>
    [TestCase(0)]
    [TestCase(2)]
    public void Its_output_is_the_start(long trips)
    {
        var g = new GraphBuilder();
        var loop = Sum(g, g.Initializer("trips", Trips(trips)), g.Input("x", Vector));
        g.Output("y", loop.Output());
        g.Output("z", loop.Output(1));

        PassTester.Run(Pass, g.Build()).Leaves("Neg", "Identity", "Loop", "Identity", "Add", "Identity");
    }

    [Test]
    public void An_invariant_may_be_collected_and_handed_on_to_another_slot()
    {
        var g = new GraphBuilder();
        var (x, z) = (g.Input("x", Vector), g.Op("Exp", g.Input("z", Vector)));
        var loop = g.Loop(g.Initializer("trips", Trips(3)), null, [x, z],
            (body, formals) => [body.Op("Identity", formals[1]), body.Op("Identity", formals[3]), body.Op("Identity", formals[3]), body.Op("Identity", formals[3])]);
        g.Output("y", loop.Output());
        g.Output("w", loop.Output(1));
        g.Output("ws", loop.Output(2));

        PassTester.Run(Pass, g.Build());
        PassTester.Run(new Simplify(new SimplifyOptions()), g.Build());
    }

    [Test]
    public void Values_that_change_places_are_no_invariants()
    {
        var g = new GraphBuilder();
        var (x, z) = (g.Input("x", Vector), g.Input("z", Vector));
        var loop = g.Loop(g.Initializer("trips", Trips(3)), null, [x, z],
            (body, formals) => [body.Op("Identity", formals[1]), body.Op("Identity", formals[3]), body.Op("Identity", formals[2])]);
        g.Output("y", loop.Output());
        g.Output("w", loop.Output(1));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void A_Scans_state_that_stays_is_read_from_outside()
    {
        var g = new GraphBuilder();
        var w = g.Op("Exp", g.Input("w", Vector));
        var scan = g.Scan([g.Input("s", Vector), w], [g.Input("x", DataType.Float, 4, 3)],
            (body, formals) => [body.Op("Add", formals[0], formals[2]), body.Op("Identity", formals[1]), body.Op("Mul", formals[1], formals[2])]);
        g.Output("sum", scan.Output());
        g.Output("products", scan.Output(2));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Scan", "Add", "Identity", "Mul");
    }

    private static Node Sum(GraphBuilder g, Value trips, Value x) => g.Loop(trips, null, [g.Op("Neg", x), x],
        (body, formals) => [body.Op("Identity", formals[1]), body.Op("Add", formals[2], formals[3]), body.Op("Identity", formals[3])]);

    private static Tensor Trips(long count) => Tensor.Create([], count);
}
