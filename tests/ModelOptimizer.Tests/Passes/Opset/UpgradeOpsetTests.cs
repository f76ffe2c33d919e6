using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Passes.Opset.OpsetModels;

namespace ModelOptimizer.Tests.Passes.Opset;

public sealed class UpgradeOpsetTests
{
    private static readonly TensorType Cube = new(DataType.Float, Shape.Of(1, 2, 3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Softmax", g.Op("ReduceSum", [g.Op("Mul", x, g.Weight("w", Tensor.Create([2, 3], 1f, 2, 3, 4, 5, 6)))], ("axes", new long[] { 0 }))),
        Cube, opsets: [12, 8, 9, 11], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        var test = PassTester.Run(new UpgradeOpset(new UpgradeOpsetOptions { Version = 21 }), row);

        Assert.That(test.Model.Opset, Is.EqualTo(21));
        Assert.That(test.Model.Functions.Select(function => function.OpsetImports[""]), Has.All.EqualTo(21));
        Assert.That(GraphWalker.Nodes(test.Model).Where(node => node.Is("ReduceSum")).Select(node => node.Inputs.Count), Is.Not.Empty.And.All.EqualTo(2));
    }

    [Test]
    public void A_model_of_the_version_asked_for_stays_as_it_is() =>
        PassTester.Run(new UpgradeOpset(new UpgradeOpsetOptions { Version = 13 }), Build(13, g => g.Op("Abs", g.Input("x", Cube)))).Ignores();

    /// <summary>As passes ask for it that write operators of a version into them.</summary>
    [Test]
    public void Functions_become_as_new_where_the_model_is_newer()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        g.Function("local", "First", 1, (f, inputs) => [f.Op("Squeeze", [inputs[0]], ("axes", new long[] { 0 }))], opset: 12);
        g.Output("y", g.Op("local.First", g.Input("x", Cube)));
        var model = g.Build();

        PassContexts.Run(model, new UpgradeOpset(new UpgradeOpsetOptions { Version = 17, KeepsNewer = true }));

        Assert.That((model.Opset, model.OldestOpset), Is.EqualTo((21, 17)));
        Assert.That(model.Functions.Single().Body.Nodes.Single(node => node.Is("Squeeze")).Inputs, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_function_that_is_upgraded_alone_is_refused_by_its_own_opset()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        g.Function("local", "Bounded", 1, (f, inputs) => [f.FromCaller<float>(f.Node("Clip", [inputs[0]]), "max").Output()], opset: 10);
        g.Output("y", g.Op("local.Bounded", [g.Input("x", Cube)], ("max", 1f)));

        var e = Assert.Throws<DiagnosticException>(() =>
            PassContexts.Run(g.Build(), new UpgradeOpset(new UpgradeOpsetOptions { Version = 17, KeepsNewer = true })))!;

        Assert.That(e.Message, Does.Contain("can't be upgraded from opset 10 to 17"));
    }

    [Test]
    public void Every_version_on_the_way_is_one_rewrite_and_the_limit_stops_between_two()
    {
        var model = Build(11, g => g.Op("Squeeze", [g.Input("x", Cube)], ("axes", new long[] { 0 })));

        var log = PassContexts.Run(model, new DiagnosticBag(), limit: 2, new UpgradeOpset(new UpgradeOpsetOptions { Version = 17 }));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.ToString()), Is.EqualTo(new[]
        {
            "upgrade-opset: opset 11 to 12 at the whole model", "upgrade-opset: opset 12 to 13, converting 1 Squeeze at the whole model",
        }));
        Assert.That(model.Opset, Is.EqualTo(13));
        Assert.That(() => PassContexts.Engine.Open(model, new()).Dispose(), Throws.Nothing);
    }

    [Test]
    public void Nodes_of_other_domains_stay_as_they_are()
    {
        var model = Build(12, g => g.Op("com.microsoft.Gelu", g.Op("Squeeze", [g.Input("x", Cube)], ("axes", new long[] { 0 }))));

        PassTester.SameOutputs(model, Upgrade(model, 21), Tolerance.BitExact);
    }

    [Test]
    public void What_the_runtime_takes_for_standard_before_it_was_stays_as_it_is()
    {
        var model = Build(11, g => g.Op("LayerNormalization", g.Input("x", Cube), g.Initializer("scale", [3], 1, 2, 3)));

        PassTester.SameOutputs(model, Upgrade(model, 21), Tolerance.BitExact);
    }

    [Test]
    public void Equal_axes_are_stored_once()
    {
        var g = new GraphBuilder(opset: 12);
        g.Output("y", g.Op("Squeeze", [g.Input("x", Cube)], ("axes", new long[] { 0 })));
        g.Output("z", g.Op("Squeeze", [g.Input("w", Cube)], ("axes", new long[] { 0 })));

        Assert.That(Upgrade(g.Build(), 13).Graph.Initializers, Has.Count.EqualTo(1));
    }

    [Test]
    public void Models_from_before_initializers_stood_apart_gain_the_version_that_has_them()
    {
        var g = new GraphBuilder(opset: 7, irVersion: 3);
        g.Output("y", g.Op("Mul", g.Op("Slice", [g.Input("x", Cube)], ("starts", new long[] { 0 }), ("ends", new long[] { 1 })),
            g.InputWithDefault("w", Tensor.Create([1], 2f))));
        var upgraded = Upgrade(g.Build(), 17);

        Assert.That(upgraded.IrVersion, Is.EqualTo(4));
        Assert.That(upgraded.Graph.Inputs.Select(input => input.Name), Is.EqualTo(new[] { "x" }), "what was a constant stays one");
    }

    private static IEnumerable<TestCaseData> Refused =>
    [
        Case("the way back", 17, 13, g => g.Op("Abs", g.Input("x", Cube)), "The model is of opset 17 already, and going back to 13 is not possible"),
        Case("an operator that nobody knows", 13, 17, g => g.Op("Frobnicate", g.Input("x", Cube)), "no version of the standard that is known here has this operator"),
        Case("an operator from the future", 13, 21, g => g.Op("Gelu", g.Input("x", Cube)), "the operator came with opset 20, and the model is of 13"),
        Case("an operator from the past", 11, 21, g => g.Op("Upsample", g.Input("x", Cube), g.Input("s", DataType.Float, 3)), "the operator left the standard with opset 10"),
        Case("training", 6, 13, g => g.Op("Dropout", g.Input("x", Cube)), "it is in training mode (is_test is 0)"),
        Case("statistics of positions", 8, 13, g => Normalization(g, 1, ("spatial", 0)), "it normalizes every position by itself (spatial is 0)"),
        Case("outputs of training", 13, 14, g => Normalization(g, 5), "it has the outputs of training mode"),
        Case("a mask of another type", 9, 10, g => g.Node("Dropout", [g.Input("x", Cube)], 2).Output(1), "its mask is read, whose type changed"),
        Case("operands of unknown rank", 6, 13, g => g.Op("Add", [g.Input("x", new TensorType(DataType.Float, null)), g.Input("b", DataType.Float, 3)], ("broadcast", 1), ("axis", 1)),
            "the ranks of its operands are not known"),
        Case("computed lengths", 1, 13, g => g.Node("Split", [g.Input("x", Cube), g.Input("l", DataType.Int64, 2)], 2, ("axis", 2)).Output(), "the lengths to cut are computed"),
        Case("rounding that can't be said", 10, 11, g => g.Op("Resize", g.Input("x", Cube), g.Initializer("s", [3], 1, 2, 0.5f)), "some grow and some shrink"),
        Case("positions that can't be said", 11, 13, g => g.Op("Resize", [g.Input("x", Cube), g.Initializer("r", Tensor.Create([0], Array.Empty<float>())), g.Initializer("s", [3], 1, 2, 2)],
            ("coordinate_transformation_mode", "tf_half_pixel_for_nn"), ("mode", "linear")), "it maps positions by tf_half_pixel_for_nn"),
        Case("batches in Scan", 8, 9, g => g.BatchedScan([g.Input("x", DataType.Float, "batch", 3, 2)], scanned: 1, (body, formals) => [body.Op("Abs", formals[0])]).Output(),
            "its batch is not known to be 1"),
        Case("a version that the runtime lacks", 16, 22, g => g.Op("RoiAlign", g.Input("x", DataType.Float, 1, 1, 4, 4), g.Initializer("r", [1, 4], 0, 0, 2, 2), g.Initializer("i", Tensor.Create([1], 0L))),
            "runs the model at opset 16, but not at 22: "),
        Case("a number of channels that is not known", 18, 21, g => g.Op("GroupNormalization",
            [g.Input("x", DataType.Float, 2, "c", 3), g.Input("s", DataType.Float, 2), g.Input("b", DataType.Float, 2)], ("num_groups", 2)), "the number of its channels is not known"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void Is_refused_and_nothing_changed(long opset, long version, Func<GraphBuilder, Value> build, string why) =>
        Assert.That(Refusals(Build(opset, build), version), Has.One.Contains(why));

    [Test]
    public void What_a_function_s_caller_says_can_t_become_an_input()
    {
        var g = new GraphBuilder(opset: 10);
        g.Function("local", "Bounded", 1, (f, inputs) => [f.FromCaller<float>(f.Node("Clip", [inputs[0]]), "max").Output()]);
        g.Output("y", g.Op("local.Bounded", [g.Input("x", Cube)], ("max", 1f)));

        Assert.That(Refusals(g.Build(), 11), Has.One.Contains("an attribute comes from the function's caller"));
    }

    [Test]
    public void Every_node_in_the_way_is_named_at_the_profile_s_line()
    {
        var g = new GraphBuilder(opset: 6);
        foreach (var name in new[] { "first", "second" })
        {
            var dropout = g.Node("Dropout", [g.Input(name + "_x", Cube)]);
            dropout.Name = name;
            g.Output(name, dropout.Output());
        }
        var location = new SourceLocation("model-opt.yaml", 4, 5);

        var e = Assert.Throws<DiagnosticException>(() => PassContexts.Run(g.Build(), new UpgradeOpset(new UpgradeOpsetOptions { Version = 17, Location = location })))!;

        Assert.That(e.Diagnostics.Select(diagnostic => diagnostic.ToString()), Is.EqualTo(new[]
        {
            "model-opt.yaml(4,5): error MO3005: The model can't be upgraded from opset 6 to 17: Dropout 'first': it is in training mode (is_test is 0)",
            "model-opt.yaml(4,5): error MO3005: The model can't be upgraded from opset 6 to 17: Dropout 'second': it is in training mode (is_test is 0)",
        }));
    }

    private static TestCaseData Case(string name, long opset, long version, Func<GraphBuilder, Value> build, string why) =>
        new TestCaseData(opset, version, build, why).SetArgDisplayNames(name);

    private static Value Normalization(GraphBuilder g, int outputs, params (string, object)[] attributes) => g.Node("BatchNormalization",
        [g.Input("x", Cube), g.Initializer("s", [2], 1, 2), g.Initializer("b", [2], 3, 4), g.Initializer("m", [2], 0, 0), g.Initializer("v", [2], 1, 4)], outputs, attributes).Output();
}
