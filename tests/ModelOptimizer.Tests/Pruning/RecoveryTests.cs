using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Layers are fitted anew to what is left of their inputs.</summary>
public sealed class RecoveryTests
{
    private const int Rows = 256;

    private static readonly PruneOptions s_half = new() { Ratio = new(0.5), MultipleOf = 1 };

    [Test]
    public void Of_neurons_that_say_the_same_one_is_enough()
    {
        var model = Network(twins: true);
        var pruned = Pruned(model, s_half, out var log);

        Assert.That(pruned.Graph.Initializers.Select(weight => weight.Initializer!.ElementCount), Has.Some.EqualTo(8 * 6));
        Assert.That(Error(model, pruned), Is.LessThan(1e-4));
        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Is.EqualTo(["take 6 of 12 neurons out of", "fit weights to what is left, which leaves 0% of the squared error, of"]));
    }

    [Test]
    public void Neurons_that_add_up_to_others_can_go()
    {
        // Linear neurons: twelve of eight inputs are redundant whichever four go.
        var model = Network(twins: false, activation: "Identity");

        Assert.That(Error(model, Pruned(model, s_half with { Ratio = new(0.34) }, out _)), Is.LessThan(1e-4));
    }

    [TestCase(PruningImportance.L2)]
    [TestCase(PruningImportance.Activation)]
    [TestCase(PruningImportance.Reconstruction)]
    public void Outputs_come_closer_than_without(PruningImportance importance)
    {
        var (model, options) = (Network(twins: false), s_half with { Importance = importance });

        Assert.That(Error(model, Pruned(model, options, out _)), Is.LessThan(0.85 * Error(model, Pruned(model, options with { Recover = false }, out _))));
    }

    [Test]
    public void Means_of_what_went_go_into_biases()
    {
        // The second half of the neurons is the same in every run.
        var g = new GraphBuilder();
        var (into, bias) = (Numbers(8 * 12, 1), Enumerable.Repeat(1f, 12).ToArray());
        for (var i = 0; i < into.Length; i++)
            if (i % 12 >= 6)
                into[i] = 0;
        var hidden = g.Op("Sigmoid", g.Op("Gemm", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], into), g.Initializer("b", [12], bias)));
        g.Output("y", g.Op("Gemm", hidden, g.Initializer("c", [12, 5], Numbers(60, 2))));
        var model = g.Build();

        Assert.That(Error(model, Pruned(model, s_half, out _)), Is.LessThan(1e-5));
    }

    [Test]
    public void Convolutions_are_fitted_by_patches()
    {
        var g = new GraphBuilder();
        var kernel = Numbers(6 * 3 * 9, 1);
        // Channels come in pairs.
        var hidden = g.Op("Relu", g.Op("Conv", [g.Input("x", DataType.Float, 4, 3, 19, 19), g.Initializer("a", [12, 3, 3, 3], [.. kernel, .. kernel])], ("pads", new long[] { 1, 1, 1, 1 })));
        g.Output("y", g.Op("Conv", [hidden, g.Initializer("b", [5, 12, 3, 3], Numbers(5 * 12 * 9, 2))], ("strides", new long[] { 2, 2 })));
        var model = g.Build();

        Assert.That(Error(model, Pruned(model, s_half, out _)), Is.LessThan(1e-4));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Transposed_convolutions_are_fitted_block_by_block(bool hasBias)
    {
        var g = new GraphBuilder();
        var kernel = Numbers(6 * 3 * 9, 1);
        // Channels come in pairs, and there are two steps up, so that of the first one both axes of the weight are narrowed.
        var hidden = g.Op("Relu", g.Op("Conv", g.Input("x", DataType.Float, 4, 3, 9, 11), g.Initializer("a", [12, 3, 3, 3], [.. kernel, .. kernel])));
        var half = Numbers(12 * 6 * 6, 2);
        var up = g.Op("Relu", Up(hidden, g.Initializer("b", [12, 12, 2, 3], [.. half.Chunk(36).SelectMany(row => row.Concat(row))]), 12, 2, 3));
        g.Output("y", Up(up, g.Initializer("c", [12, 5, 2, 2], Numbers(12 * 5 * 4, 3)), 5, 2, 2));
        var model = g.Build();
        var pruned = Pruned(model, s_half, out var log);

        Assert.That(log.Rewrites.Count(rewrite => rewrite.What.StartsWith("fit weights", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(Error(model, pruned), Is.LessThan(1e-4));

        Value Up(Value from, Value weight, int channels, long down, long across) => g.Op("ConvTranspose",
            hasBias ? [from, weight, g.Initializer("bias", [channels], [.. Enumerable.Range(0, channels).Select(i => i % 6 * 0.1f)])] : [from, weight], ("strides", new[] { down, across }));
    }

    [Test]
    public void Layers_whose_own_channels_went_are_fitted_too()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 4, 3, 19, 19);
        var pairs = Numbers(6 * 3 * 9, 1);
        var first = g.Op("Relu", g.Op("Conv", x, g.Initializer("a", [12, 3, 3, 3], [.. pairs, .. pairs])));
        // Again channels come in pairs, of other sums.
        var second = Numbers(6 * 12 * 9, 2);
        var third = g.Op("Relu", g.Op("Conv", first, g.Initializer("b", [12, 12, 3, 3], [.. second, .. second])));
        g.Output("y", g.Op("Conv", third, g.Initializer("c", [5, 12, 3, 3], Numbers(5 * 12 * 9, 3))));
        var model = g.Build();
        var pruned = Pruned(model, s_half, out var log);

        Assert.That(log.Rewrites.Count(rewrite => rewrite.What.StartsWith("fit weights", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(Error(model, pruned), Is.LessThan(2e-3));
    }

    [TestCase(1, 5)]
    [TestCase(5)]
    public void What_a_product_adds_is_not_fitted(params int[] shape)
    {
        var g = new GraphBuilder();
        var half = Numbers(8 * 6, 1);
        var hidden = g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], [.. half.Chunk(6).SelectMany(row => row.Concat(row))])));
        g.Output("y", g.Op("Gemm", hidden, g.Initializer("b", [12, 5], Numbers(60, 2)), g.Initializer("c", [.. shape.Select(length => (long)length)], 9, -9, 9, -9, 9)));
        var model = g.Build();

        Assert.That(Error(model, Pruned(model, s_half, out _)), Is.LessThan(1e-4));
    }

    [Test]
    public void A_product_that_adds_what_a_run_computes_stays()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        var hidden = g.Op("Relu", g.Op("MatMul", x, g.Initializer("a", [8, 12], Numbers(96, 1))));
        g.Output("y", g.Op("Gemm", hidden, g.Initializer("b", [12, 8], Numbers(96, 2)), x));
        Pruned(g.Build(), s_half, out var log);

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.EqualTo("what it adds to its results is no constant for each of them"));
    }

    [Test]
    public void Statistics_follow_what_became_of_the_input()
    {
        var g = new GraphBuilder();
        // A kernel for each channel by itself stands between: what it reads changes, and it is not fitted.
        var hidden = g.Op("Relu", g.Op("Conv", g.Input("x", DataType.Float, 4, 3, 19, 19), g.Initializer("a", [12, 3, 3, 3], Numbers(12 * 3 * 9, 1))));
        var mixed = g.Op("Conv", [g.Op("Conv", hidden, g.Initializer("b", [4, 12, 1, 1], Numbers(4 * 12, 2))), g.Initializer("c", [4, 1, 3, 3], Numbers(36, 3))], ("group", 4L));
        var normal = g.Op("BatchNormalization", mixed, g.Initializer("s", [4], 1, 1, 1, 1), g.Initializer("t", [4], 0, 0, 0, 0),
            g.Initializer("mean", [4], 0, 0, 0, 0), g.Initializer("var", [4], 1, 1, 1, 1));
        g.Output("y", normal);
        var model = g.Build();
        var pruned = Pruned(model, s_half with { Include = ["a"] }, out var log);

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.Some.EqualTo("bring mean and variance up to what is left, of"));
        var unfitted = pruned.Clone();
        var node = unfitted.Graph.Nodes.Single(one => one.Is("BatchNormalization"));
        node.SetInput(3, unfitted.AddConstant(unfitted.Graph, "mean", Tensor.Create([4], new float[4])));
        node.SetInput(4, unfitted.AddConstant(unfitted.Graph, "var", Tensor.Create([4], [1f, 1, 1, 1])));
        Assert.That(Error(model, pruned, seed: 3), Is.LessThan(Error(model, unfitted, seed: 3)));
    }

    [Test]
    public void Statistics_stay_where_nothing_changed_before_them()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 4, 12, 9, 9);
        var hidden = g.Op("Relu", g.Op("Conv", x, g.Initializer("a", [12, 12, 3, 3], Numbers(12 * 12 * 9, 1))));
        g.Output("y", g.Op("Conv", hidden, g.Initializer("b", [4, 12, 1, 1], Numbers(4 * 12, 2))));
        float[] ones = [.. Enumerable.Repeat(1f, 12)], zeros = new float[12];
        g.Output("z", g.Op("BatchNormalization", x, g.Initializer("s", [12], ones), g.Initializer("t", [12], zeros), g.Initializer("mean", [12], zeros), g.Initializer("var", [12], ones)));
        Pruned(g.Build(), s_half, out var log);

        Assert.That(log.Refusals.Concat(log.Rewrites.Select(rewrite => new Refusal(rewrite.Pass, rewrite.Where, rewrite.What))).Select(one => one.Where),
            Has.None.Contains("BatchNormalization"));
    }

    /// <summary>The first block is linear and loses two of its eight dimensions. What the second one makes is small: it could leave the loss as it is.</summary>
    [Test]
    public void The_end_of_a_block_makes_up_for_what_those_before_missed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        var half = Enumerable.Range(0, 8).SelectMany(row => Enumerable.Range(0, 16).Select(column => column == row ? 1f : column == row + 8 ? -1 : 0)).ToArray();
        var first = Block(x, "Identity", Numbers(8 * 12, 1), Numbers(12 * 8, 2));
        g.Output("y", Block(first, "Relu", [.. half.Chunk(16).SelectMany(row => row.Concat(row))], [.. Numbers(32 * 8, 3).Select(weight => 0.01f * weight)]));
        g.Output("first", first);
        var model = g.Build();
        var pruned = Pruned(model, s_half, out _);

        Assert.That(Error(model, pruned), Is.LessThan(0.5 * Error(model, pruned, output: 1)));

        Value Block(Value from, string activation, float[] into, float[] back)
        {
            var width = into.Length / 8;
            var hidden = g.Op(activation, g.Op("MatMul", from, g.Initializer("a", [8, width], into)));
            return g.Op("Add", g.Op("MatMul", hidden, g.Initializer("b", [width, 8], back)), from);
        }
    }

    /// <summary>Arrays are used again from one fit to the next: those that the model reads by then must not be.</summary>
    [Test]
    public void Layers_of_one_size_keep_what_was_fitted_to_each()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        var half = Numbers(8 * 6, 1);
        var sums = Enumerable.Range(2, 4).Select(seed => g.Op("MatMul",
            g.Op("Relu", g.Op("MatMul", x, g.Initializer("a", [8, 12], [.. half.Chunk(6).SelectMany(row => row.Concat(row)).Select(weight => seed * weight)]))),
            g.Initializer("b", [12, 8], Numbers(12 * 8, seed)))).ToList();
        g.Output("y", sums.Aggregate((sum, next) => g.Op("Relu", g.Op("Concat", [sum, next], ("axis", 1L)))));
        var model = g.Build();

        Assert.That(Error(model, Pruned(model, s_half, out _)), Is.LessThan(1e-4));
    }

    [Test]
    public void Normalizations_of_rows_follow()
    {
        var g = new GraphBuilder();
        var hidden = g.Op("Relu", g.Op("Gemm", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], Numbers(96, 1))));
        float[] ones = [1, 1, 1, 1, 1], zeros = new float[5];
        g.Output("y", g.Op("BatchNormalization", g.Op("Relu", g.Op("Gemm", hidden, g.Initializer("b", [12, 5], Numbers(60, 2)))),
            g.Initializer("s", [5], ones), g.Initializer("t", [5], zeros), g.Initializer("mean", [5], zeros), g.Initializer("var", [5], ones)));
        Pruned(g.Build(), s_half, out var log);

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.Some.EqualTo("bring mean and variance up to what is left, of"));
    }

    [Test]
    public void A_bias_keeps_its_axes()
    {
        var g = new GraphBuilder();
        var hidden = g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], Numbers(96, 1))));
        var sum = g.Op("Add", g.Op("MatMul", hidden, g.Initializer("b", [12, 5], Numbers(60, 2))), g.Initializer("c", [1, 1, 5], Numbers(5, 3)));
        g.Output("y", g.Op("Transpose", [sum], ("perm", new long[] { 2, 0, 1 })));
        var model = g.Build();

        Assert.That(Error(model, Pruned(model, s_half, out _)), Is.LessThan(0.7));
    }

    [Test]
    public void Units_that_no_layer_tells_of_go_by_weight_and_say_so()
    {
        var g = new GraphBuilder();
        var shared = g.Initializer("b", [12, 5], Numbers(60, 2));
        var hidden = g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], Numbers(96, 1))));
        g.Output("y", g.Op("MatMul", hidden, shared));
        g.Output("z", g.Op("MatMul", g.Op("Neg", hidden), shared));
        Pruned(g.Build(), s_half, out var log);

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.Some.EqualTo("take 6 of 12 neurons, the smallest by weight since no layer tells more of them, out of"));
    }

    [Test]
    public void Few_rows_are_told()
    {
        var model = Network(twins: false);
        var diagnostics = new DiagnosticBag();
        Pruned(model, s_half, out _, diagnostics, rows: 4);

        Assert.That(diagnostics.Diagnostics.Single(one => one.Code == "MO3020").Message, Does.Contain("(4 rows for 6 inputs)"));
    }

    [Test]
    public void Without_data_weights_decide_and_stay()
    {
        var model = Network(twins: false);
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()), new PruneHidden(s_half));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Is.EqualTo(["take 6 of 12 neurons out of"]));
    }

    [Test]
    public void An_importance_that_needs_data_asks_for_it()
    {
        var model = Network(twins: false);
        var pass = new PruneHidden(s_half with { Importance = PruningImportance.Activation });

        Assert.That(() => PassRunner.Run(new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()), pass),
            Throws.InstanceOf<DiagnosticException>().With.Message.Contains("add 'calibration: { data: … }' to the profile"));
    }

    private static OnnxModel Network(bool twins, string activation = "Relu")
    {
        var g = new GraphBuilder();
        var half = Numbers(8 * 6, 1);
        var into = twins ? [.. half.Chunk(6).SelectMany(row => row.Concat(row))] : Numbers(8 * 12, 1);
        var hidden = g.Op(activation, g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], into)));
        g.Output("y", g.Op("MatMul", hidden, g.Initializer("b", [12, 5], Numbers(12 * 5, 2))));
        return g.Build();
    }

    private static OnnxModel Pruned(OnnxModel model, PruneOptions options, out RewriteLog log, IDiagnosticSink? diagnostics = null, int rows = Rows)
    {
        var result = model.Clone();
        using var data = new SampleCalibration(model, Input(model, rows, 3));
        log = new RewriteLog();
        PassRunner.Run(new PassContext(result, log, PassContexts.Engine, diagnostics ?? new DiagnosticBag()) { Calibration = data.Data }, new PruneChannels(options));
        return result;
    }

    /// <summary>The differences as a part of the outputs (root mean square), on inputs that nothing was learned from unless their seed is given.</summary>
    internal static double Error(OnnxModel expected, OnnxModel actual, int seed = 4, int output = 0)
    {
        var input = Input(expected, Rows, seed);
        using var before = PassContexts.Engine.Open(expected, new(Optimize: false));
        using var after = PassContexts.Engine.Open(actual, new(Optimize: false));
        var (x, y) = (before.Run(input)[output]!.AsSpan<float>().ToArray(), after.Run(input)[output]!.AsSpan<float>().ToArray());
        return Math.Sqrt(x.Zip(y, (one, other) => (double)(one - other) * (one - other)).Sum() / x.Sum(one => (double)one * one));
    }

    internal static Dictionary<string, Tensor> Input(OnnxModel model, int rows, int seed)
    {
        long[] shape = [.. model.Graph.Inputs[0].Type!.Shape!.Dimensions.Select(length => length.Value ?? rows)];
        return new() { ["x"] = Tensor.Create(shape, Numbers((int)shape.Aggregate((a, b) => a * b), seed)) };
    }

    internal static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
