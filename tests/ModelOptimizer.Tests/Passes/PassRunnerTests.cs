using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes;

public sealed class PassRunnerTests
{
    [Test]
    public void Counts_what_each_pass_did()
    {
        var model = Chain("Relu", "Abs", "Relu");

        var log = PassContexts.Run(model, new Rename("Relu", "Neg"));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Is.EqualTo(new[] { "Relu becomes Neg", "Relu becomes Neg" }));
        Assert.That(log.Runs.Single(), Is.EqualTo(new PassRun("rename", null, 1, 2, 0, new(3, 0), new(3, 0))));
        Assert.That(Operators(model), Is.EqualTo(new[] { "Neg", "Abs", "Neg" }));
    }

    [Test]
    public void Reaches_bodies_and_functions()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2);
        g.Function("local", "Clip", 1, (f, inputs) => [f.Op("Relu", inputs[0])]);
        var branch = g.If(g.Input("c", DataType.Bool), then => [then.Op("Relu", x)], otherwise => [otherwise.Op("Abs", x)]);
        g.Output("y", g.Op("local.Clip", branch.Output()));
        var model = g.Build();

        PassContexts.Run(model, new Rename("Relu", "Neg"));

        Assert.That(Operators(model), Is.EqualTo(new[] { "If", "Clip", "Neg", "Abs", "Neg" }));
    }

    [Test]
    public void A_silent_change_is_an_internal_error() =>
        Assert.That(() => PassContexts.Run(Chain("Relu"), new Silent()), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO9001").And.Message.Contains("silent changed the graph without saying so"));

    [Test]
    public void A_broken_graph_is_an_internal_error() =>
        Assert.That(() => PassContexts.Run(Chain("Relu", "Abs"), new Breaking()), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("breaking broke the graph"));

    [Test]
    public void Stops_at_the_limit_and_says_so()
    {
        var (model, bag) = (Chain("Relu", "Relu", "Relu"), new DiagnosticBag());

        PassContexts.Run(model, bag, limit: 2, new Rename("Relu", "Neg"));

        Assert.That(Operators(model), Is.EqualTo(new[] { "Neg", "Neg", "Relu" }));
        Assert.That(bag.Diagnostics.Single().Descriptor, Is.EqualTo(DiagnosticCatalog.RewriteLimit));
    }

    [Test]
    public void A_group_runs_until_nothing_changes()
    {
        var model = Chain("Relu");

        var log = PassContexts.Run(model, new Group(new Rename("Neg", "Abs"), new Rename("Relu", "Neg")));

        Assert.That(Operators(model), Is.EqualTo(new[] { "Abs" }));
        // The second pass saw everything there was in round two: a third round has nothing to run.
        Assert.That(log.Runs.Select(run => (run.Pass, run.Round, run.Rewrites)),
            Is.EqualTo(new[] { ("rename", 1, 0), ("rename", 1, 1), ("rename", 2, 1), ("rename", 2, 0), ("group", 1, 2) }));
    }

    [Test]
    public void A_group_that_never_settles_is_stopped_and_the_two_passes_that_undo_each_other_are_named()
    {
        var (model, bag) = (Chain("Relu"), new DiagnosticBag());

        // The first is busy every round, too, but only because the other two keep it so.
        PassContexts.Run(model, bag, int.MaxValue, new Group(new NameNodes(), new Rename("Relu", "Neg"), new RenameBack("Neg", "Relu"), new Quiet()));

        var diagnostic = bag.Diagnostics.Single();
        Assert.That(diagnostic.Descriptor, Is.EqualTo(DiagnosticCatalog.FixpointCap));
        Assert.That(diagnostic.Message, Does.EndWith("but rename and rename-back undo each other's work: "
            + "'Relu becomes Neg' at Relu -> '<unnamed>', then 'Neg becomes Relu' at Neg -> '<unnamed>'"));
    }

    [Test]
    public void A_pass_that_undoes_its_own_work_is_named_alone()
    {
        var bag = new DiagnosticBag();

        PassContexts.Run(Chain("Relu"), bag, int.MaxValue, new Group(new Rename("Relu", "Relu"), new NameNodes()));

        Assert.That(bag.Diagnostics.Single().Message, Does.Contain("but rename undoes its own work: 'Relu becomes Relu' at Relu"));
    }

    private static OnnxModel Chain(params string[] operators)
    {
        var g = new GraphBuilder();
        g.Output("y", operators.Aggregate(g.Input("x", DataType.Float, 2), (value, op) => g.Op(op, value)));
        return g.Build();
    }

    private static IEnumerable<string> Operators(OnnxModel model) => GraphWalker.Nodes(model).Select(node => node.OpType);

    private class Rename(string from, string to) : NodeRewrite
    {
        public override NumericEffect Effect => NumericEffect.Lossy;

        protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { from };

        protected override Outcome Rewrite(Node node, PassContext context)
        {
            if (!context.Rewriting($"{from} becomes {to}", node))
                return Outcome.Done;
            var renamed = node.Graph!.Insert(node, to, [node.Input(0)]);
            node.Output().ReplaceAllUsesWith(renamed.Output());
            node.Remove();
            return Outcome.Done;
        }
    }

    private sealed class RenameBack(string from, string to) : Rename(from, to);

    private sealed class NameNodes : GraphPass
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override void Run(Graph graph, PassContext context)
        {
            foreach (var node in graph.Nodes.Where(node => node.Name.Length == 0))
                if (context.Rewriting("name", node))
                    node.Name = "n";
        }
    }

    private sealed class Silent : GraphPass
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override void Run(Graph graph, PassContext context) => graph.Nodes.First!.Attributes.Set("axis", 1);
    }

    private sealed class Breaking : GraphPass
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override void Run(Graph graph, PassContext context)
        {
            context.Rewriting("cross the wires", graph.Nodes.First!);
            graph.Nodes.First!.SetInput(0, graph.Nodes.Last!.Output());
        }
    }

    private sealed class Quiet : GraphPass
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override void Run(Graph graph, PassContext context)
        {
            // Finds nothing.
        }
    }

    private sealed class Group(params IReadOnlyList<IGraphPass> passes) : FixpointGroup(passes);
}
