using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Folding;

public sealed class FoldConstantsTests
{
    private static readonly FoldConstants Pass = new(new FoldConstantsOptions());

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", x, g.Op("Exp", g.Op("Neg", g.Weight("w", Tensor.Create([3], 1f, 2f, 3f))))), new(DataType.Float, Shape.Of(2, 3)),
        opsets: [17, 8, 13],
        missingOptional: (g, x) => g.Op("Add", x, g.Op("Clip", g.Weight("w", Tensor.Create([3], 1f, 2f, 3f)), null, g.Weight("max", Tensor.Create([], 2f)))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_tree_becomes_one_constant()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", [2], 1f, 2f);
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 2), g.Op("Mul", g.Op("Neg", w), g.Op("Exp", w))));

        var test = PassTester.Run(Pass, g.Build()).Leaves("Add");

        Assert.That(test.Log.Rewrites.Select(rewrite => rewrite.What), Is.EqualTo(new[] { "fold Mul into a constant" }));
    }

    [Test]
    public void Each_output_that_is_read_is_stored()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2);
        var split = g.Node("Split", [g.Initializer("w", [6], 1f, 2f, 3f, 4f, 5f, 6f), g.Int64s("sizes", 2, 2, 2)], outputs: 3);
        g.Output("y", g.Op("Add", x, split.Output(0)));
        g.Output("z", g.Op("Mul", x, split.Output(2)));

        PassTester.Run(Pass, g.Build()).Leaves("Add", "Mul");
    }

    [Test]
    public void A_constant_may_be_an_output_even_of_a_branch()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", [2], 1f, 2f);
        g.Output("y", g.Op("Neg", w));
        g.Output("z", g.If(g.Input("c", DataType.Bool), then => [then.Op("Exp", w)], otherwise => [otherwise.Op("Neg", w)]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("If");
    }

    [Test]
    public void A_result_that_costs_too_much_stays_computed()
    {
        var model = Big(reduce: false);

        PassTester.Run(Pass, model).Refuses("its result would add 390.62 KiB to the model, more than max-growth (4 KiB)");
        PassTester.Run(new FoldConstants(new() { MaxGrowth = new ByteSize(1 << 20) }), model).Leaves("Add");
    }

    [Test]
    public void A_later_pass_may_spend_more()
    {
        var model = Big(reduce: false);

        PassContexts.Run(model, Pass, new FoldConstants(new() { MaxGrowth = new ByteSize(1 << 20) }));

        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType), Is.EqualTo(new[] { "Add" }));
    }

    /// <summary>Only what is stored counts, not what is computed on the way.</summary>
    [Test]
    public void A_big_step_to_a_small_result_is_folded() => PassTester.Run(Pass, Big(reduce: true)).Leaves("Add");

    /// <summary>One slice alone would leave the weight where it is; both together make it superfluous.</summary>
    [Test]
    public void Parts_of_one_weight_are_judged_together()
    {
        var g = new GraphBuilder();

        PassTester.Run(Pass, Swapped(g, g.Initializer("w", Tensor.Create([4, 10_000], new float[40_000])))).Leaves("Add");
    }

    [Test]
    public void Parts_of_a_weight_that_stays_are_left_alone()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", Tensor.Create([4, 10_000], new float[40_000]));
        g.Output("z", w);

        PassTester.Run(Pass, Swapped(g, w)).Leaves("Slice", "Slice", "Concat", "Add").Refuses("would add");
    }

    /// <summary>Swaps the halves of a weight, as converters do with the gates of recurrent cells.</summary>
    private static OnnxModel Swapped(GraphBuilder g, Value w)
    {
        var (zero, two, four) = (g.Int64s("zero", 0), g.Int64s("two", 2), g.Int64s("four", 4));
        var halves = g.Op("Concat", [g.Op("Slice", w, two, four, zero), g.Op("Slice", w, zero, two, zero)], ("axis", 0L));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 4, 10_000), halves));
        return g.Build();
    }

    [Test]
    public void A_big_result_may_take_the_place_of_a_big_constant()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", Tensor.Create([300, 100], new float[30_000]));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, 100), g.Op("Transpose", w)));

        PassTester.Run(Pass, g.Build()).Leaves("MatMul");
    }

    [Test]
    public void A_big_constant_that_others_read_too_is_no_excuse()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", Tensor.Create([300, 100], new float[30_000]));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, 100), g.Op("Transpose", w)));
        g.Output("z", g.Op("MatMul", g.Input("x2", DataType.Float, 2, 300), w));

        PassTester.Run(Pass, g.Build()).Refuses("its result would add 117.19 KiB");
    }

    [Test]
    public void What_a_refused_node_reads_is_stored()
    {
        var g = new GraphBuilder();
        var shape = g.Op("Neg", g.Int64s("shape", -100_000));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 1), g.Op("ConstantOfShape", shape)));

        var test = PassTester.Run(Pass, g.Build()).Leaves("ConstantOfShape", "Add");

        Assert.That(test.Log.Refusals.Single().Why, Does.Contain("max-growth"));
    }

    [Test]
    public void A_result_beyond_all_memory_is_not_even_computed()
    {
        var g = new GraphBuilder();
        var petabyte = g.Op("ConstantOfShape", g.Int64s("shape", 1 << 24, 1 << 24));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 1, 1), petabyte));

        var log = PassContexts.Run(g.Build(), Pass);

        Assert.That(log.Refusals.Single().Why, Does.StartWith("its result would take 1048576 GiB"));
    }

    private static IEnumerable<TestCaseData> Never =>
    [
        Case("it is not deterministic", g => g.Op("RandomNormalLike", g.Initializer("w", [2], 1f, 2f))),
        Case("it carries bodies", g => g.If(g.Initializer("c", Tensor.Create(DataType.Bool, [], [true])),
            then => [then.Constant(Tensor.Create([2], 1f, 2f))], otherwise => [otherwise.Constant(Tensor.Create([2], 3f, 4f))]).Output()),
        Case("operators of domain 'com.microsoft' are not evaluated", g => g.Op("com.microsoft.Gelu", g.Initializer("w", [2], 1f, 2f))),
        Case("folding would undo the quantization", g => g.Op("DequantizeLinear",
            g.Initializer("w", Tensor.Create(DataType.Int8, [2], new sbyte[] { 1, 2 })), g.Initializer("scale", [], 0.5f))),
        Case("folding would undo the storage as float16", g => g.Op("Cast",
            [g.Initializer("w", Tensor.Create(DataType.Float16, [2], [(Half)1, (Half)2]))], ("to", (long)DataType.Float))),
        Case("it is not deterministic", g => g.Op("Dropout",
            g.Initializer("w", [2], 1f, 2f), g.Initializer("ratio", [], 0f), g.Initializer("training", Tensor.Create(DataType.Bool, [], [true])))),
        Case("the runtime can't evaluate it", g => g.Op("Reshape", g.Op("Cast", [g.Initializer("w", [2], 1f, 2f)], ("to", (long)DataType.Float)), g.Int64s("wrong", 3))),
    ];

    [TestCaseSource(nameof(Never))]
    public void Refuses(string reason, Func<GraphBuilder, Value> build)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 2), build(g)));
        var model = g.Build();

        var log = PassContexts.Run(model, Pass);

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.StartsWith(reason));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
    }

    [Test]
    public void Old_files_list_constants_among_their_inputs()
    {
        var g = new GraphBuilder(opset: 8, irVersion: 3);
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 2), g.Op("Neg", g.InputWithDefault("w", Tensor.Create([2], 1f, 2f)))));

        var test = PassTester.Run(Pass, g.Build()).Leaves("Add");

        // The result is an initializer that is no input, which IR 4 brought; what was a constant must not become a default by that.
        Assert.That(test.Model.IrVersion, Is.EqualTo(4));
        Assert.That(test.Model.Graph.Inputs.Select(input => input.Name), Is.EqualTo(new[] { "x" }));
    }

    private static OnnxModel Big(bool reduce)
    {
        var g = new GraphBuilder();
        var big = g.Op("ConstantOfShape", [g.Int64s("shape", 100_000)], ("value", Tensor.Create([1], 1f)));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 1), reduce ? g.Op("ReduceSum", big) : big));
        return g.Build();
    }

    private static TestCaseData Case(string reason, Func<GraphBuilder, Value> build) => new TestCaseData(reason, build).SetArgDisplayNames(reason);

    [Test]
    public void What_was_too_large_is_not_computed_again_until_its_inputs_have_other_readers()
    {
        var g = new GraphBuilder();
        var w = g.Initializer("w", [1, 1000], new float[1000]);
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 100, 1000), g.Op("Expand", w, g.Int64s("shape", 100, 1))));
        g.Output("z", g.Op("Add", g.Input("v", DataType.Float, 1, 1000), w));
        var (model, engine) = (g.Build(), new CountingEngine());
        var context = new PassContext(model, new RewriteLog(), engine, new DiagnosticBag());

        PassRunner.Run(context, Pass, Pass);
        var atFirst = engine.Opened;
        model.Graph.Nodes.Last!.SetInput(1, model.Graph.Inputs[1]);
        PassRunner.Run(context, Pass);

        Assert.That((atFirst, engine.Opened), Is.EqualTo((1, 2)));
        Assert.That(context.Log.Refusals.Select(refusal => refusal.Why), Has.All.Contains("would add").And.Not.Empty);
    }

    private sealed class CountingEngine : IInferenceEngine
    {
        public int Opened { get; private set; }

        public string Description => "counting";

        public bool CanHold(DataType type) => PassContexts.Engine.CanHold(type);

        public IInferenceSession Open(OnnxModel model, SessionSettings settings)
        {
            Opened++;
            return PassContexts.Engine.Open(model, settings);
        }

        public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => PassContexts.Engine.OpenProfiled(model, settings);

        public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => PassContexts.Engine.Optimize(model, level);
    }
}
