using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class CompleteAttentionTests
{
    private static readonly BertSize Size = new(Layers: 2, Heads: 2, Size: 4);
    private const int Width = 8;

    private static readonly CompleteAttention Pass = new();

    private static readonly TensorType Rows = new(DataType.Float, new Shape(["batch", "sequence", Width]));

    private delegate Value Change(GraphBuilder g, Value value);

    private static Dictionary<string, Change> Biases => new[] { "query", "key", "value", "output" }
        .ToDictionary<string, string, Change>(name => $"{name} product", name => (g, x) => g.Op("Add", x, Numbers(g, $"{name}_bias", [Width])));

    private static IEnumerable<TestCaseData> Situations => StandardRows.Of((g, x) => Layer(g, x), Rows, opsets: [12, 7, 11]);

    [TestCaseSource(nameof(Situations))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(11, 8)]
    [TestCase(12, 8)]
    [TestCase(13, 0)]
    public void Every_product_of_a_layer_gets_a_bias_up_to_opset_12(int opset, int added)
    {
        var bare = Bare(opset);

        var test = PassTester.Run(Pass, bare, Inputs());

        Assert.That(test.Operators.Count(name => name == "Add") - Adds(bare), Is.EqualTo(added));
    }

    [Test]
    public void Biases_that_are_there_stay()
    {
        var model = BertFixture.Build(12, Size);
        PassContexts.Run(model, new Simplify(new SimplifyOptions()));

        Assert.That(PassTester.Run(Pass, model, Inputs()).Log.Rewrites, Is.Empty);
    }

    [Test]
    public void Without_a_normalization_before_it_is_refused()
    {
        var model = BertFixture.Build(12, Size, isTrained: false);
        PassContexts.Run(model, new Simplify(new SimplifyOptions()));

        PassTester.Run(Pass, model, Inputs()).Refuses("between a layer normalization");
    }

    [Test]
    public void A_mask_that_may_hold_fractions_is_refused()
    {
        static Value Halved(GraphBuilder g, Value flags) =>
            g.Op("Mul", g.Op("Cast", [flags], ("to", (long)DataType.Float)), Number(g, "half", 0.5f));

        PassTester.Run(Pass, Model(g => Layer(g, g.Input("x", Rows), new() { ["flags"] = Halved }))).Refuses("other numbers than zeros and ones");
    }

    [Test]
    public void The_runtime_makes_Attention_of_a_layer_that_was_completed()
    {
        var test = Run(new());

        Assert.That(test.Log.Rewrites, Has.Exactly(1).Items);
        Assert.That(OperatorsAtRun(test.Model), Has.Member("Attention"));
    }

    [Test]
    public void A_fifth_reader_of_the_normalized_is_refused()
    {
        Change fifth = (g, x) => Also(g, x, g.Op("Neg", x));

        Run(new() { ["hidden"] = fifth }).Refuses("is not read by query, key, value and the residual sum alone");
        AssertUnknown(WithBiases("hidden", fifth));
    }

    [TestCase("query")]
    [TestCase("scores")]
    [TestCase("weights")]
    public void What_is_read_elsewhere_within_is_refused(string part)
    {
        foreach (var change in new Change[] { (g, x) => Also(g, x, g.Op("Neg", x)), (g, x) => Also(g, x, x) })
        {
            Run(new() { [part] = change }).Refuses("within is read elsewhere too");
            AssertUnknown(WithBiases(part, change));
        }
    }

    [TestCase("context")]
    [TestCase("output product")]
    public void What_Attention_gives_may_be_read_elsewhere(string part)
    {
        var test = Run(new() { [part] = (g, x) => Also(g, x, g.Op("Neg", x)) });

        Assert.That(OperatorsAtRun(test.Model), Has.Member("Attention"));
    }

    [TestCase("key product", new long[] { 1, 1, Width })]
    [TestCase("key product", new long[] { 1 })]
    [TestCase("output product", new long[] { 1, Width })]
    public void A_bias_that_is_no_vector_is_refused(string product, long[] dimensions)
    {
        Change stretched = (g, x) => g.Op("Add", x, Numbers(g, "stretched", dimensions));

        Run(new() { [product] = stretched }).Refuses("the bias 'stretched' is no vector");
        AssertUnknown(WithBiases(product, stretched));
    }

    [Test]
    public void The_runtime_makes_Attention_of_a_layer_with_all_biases() =>
        Assert.That(OperatorsAtRun(Model(g => Layer(g, g.Input("x", Rows), Biases))), Has.Member("Attention"));

    [Test]
    public void Biases_that_are_vectors_stay()
    {
        var test = Run(new() { ["key product"] = (g, x) => g.Op("Add", x, Numbers(g, "vector", [Width])) });

        Assert.That(test.Operators.Count(name => name == "Add"), Is.EqualTo(Adds(Model(g => Layer(g, g.Input("x", Rows)))) + 4));
        Assert.That(OperatorsAtRun(test.Model), Has.Member("Attention"));
    }

    [Test]
    public void Weights_that_are_no_square_are_refused() =>
        Run(new(), valueWidth: 2 * Width).Refuses("are no square of floats");

    [Test]
    public void Heads_may_count_the_sequence() =>
        Assert.That(OperatorsAtRun(PassTester.Run(Pass, Fixed("sequence", [], (0, -1), (0, 0))).Model), Has.Member("Attention"));

    [TestCase(-1, 0, 0, 0)]
    [TestCase(2, -1, 0, 0)]
    [TestCase(0, 0, 0, -1)]
    [TestCase(0, 0, 2, 0)]
    public void What_does_not_keep_batch_and_sequence_by_0_is_refused(int headBatch, int headSequence, int rowBatch, int rowSequence)
    {
        PassTester.Run(Pass, Build([])).Refuses("is laid out by numbers");
        AssertUnknown(Build(Biases));

        OnnxModel Build(Dictionary<string, Change> changes) => Fixed("sequence", changes, (headBatch, headSequence), (rowBatch, rowSequence));
    }

    [Test]
    public void Fixed_lengths_are_refused()
    {
        PassTester.Run(Pass, Fixed(3, [], default, default)).Refuses("all its lengths are fixed");
        AssertUnknown(Fixed(3, Biases, default, default));
    }

    /// <summary>Normalizations as the runtime knows them, products without biases.</summary>
    private static OnnxModel Bare(int opset)
    {
        var model = BertFixture.Build(opset, Size, isTrained: false);
        PassContexts.Run(model, new Simplify(new SimplifyOptions()), new CompleteLayerNormalization());
        return model;
    }

    private static PassTest Run(Dictionary<string, Change> changes, int valueWidth = Width) =>
        PassTester.Run(Pass, Model(g => Layer(g, g.Input("x", Rows), changes, valueWidth)));

    private static OnnxModel WithBiases(string part, Change change) =>
        Model(g => Layer(g, g.Input("x", Rows), new(Biases) { [part] = change }));

    /// <summary>What is refused the runtime would not know with all biases either.</summary>
    private static void AssertUnknown(OnnxModel model) => Assert.That(OperatorsAtRun(model), Has.No.Member("Attention"));

    /// <summary>A batch of two.</summary>
    private static OnnxModel Fixed(Dimension sequence, Dictionary<string, Change> changes, (long, long) headLengths, (long, long) rowLengths) =>
        Model(g => Layer(g, g.Input("x", DataType.Float, 2, sequence, Width), changes, Width, headLengths, rowLengths));

    private static OnnxModel Model(Func<GraphBuilder, Value> build)
    {
        var g = new GraphBuilder(12);
        g.Output("y", build(g));
        return g.Build();
    }

    /// <summary>One layer behind a normalization, products without biases.</summary>
    /// <param name="changes">What is put behind a part of it.</param>
    /// <param name="headLengths">Batch and sequence of the heads' Reshape.</param>
    /// <param name="rowLengths">Batch and sequence of the Reshape of what was attended.</param>
    private static Value Layer(GraphBuilder g, Value x, Dictionary<string, Change>? changes = null, int valueWidth = Width,
        (long Batch, long Sequence) headLengths = default, (long Batch, long Sequence) rowLengths = default)
    {
        var hidden = Part("hidden", Normalized(g, x));
        var products = g.Op("MatMul", Apart("query", Width, 0, 2, 1, 3), Apart("key", Width, 0, 2, 3, 1));
        var scores = Part("scores", g.Op("Add", g.Op("Div", products, Number(g, "root", 2)), Mask(g, Part("flags", Attended(g, x)))));
        var weights = Part("weights", g.Op("Softmax", [scores], ("axis", 3L)));
        var context = g.Op("Transpose", [g.Op("MatMul", weights, Apart("value", valueWidth, 0, 2, 1, 3))], ("perm", new long[] { 0, 2, 1, 3 }));
        var rows = Part("context", g.Op("Reshape", context, g.Weight("view", Tensor.Create([3], rowLengths.Batch, rowLengths.Sequence, valueWidth))));
        return g.Op("Add", Part("output product", Product("output", rows, valueWidth, Width)), hidden);

        Value Part(string name, Value value) => changes?.GetValueOrDefault(name)?.Invoke(g, value) ?? value;

        Value Product(string name, Value of, int inputs, int outputs) => g.Op("MatMul", of, Numbers(g, $"{name}_weight", [inputs, outputs]));

        Value Apart(string name, int width, params long[] permutation)
        {
            var product = Part(name, Part($"{name} product", Product(name, hidden, Width, width)));
            long[] target = [headLengths.Batch, headLengths.Sequence, Size.Heads, width / Size.Heads];
            return g.Op("Transpose", [g.Op("Reshape", product, g.Weight($"{name}_view", Tensor.Create([4], target)))], ("perm", permutation));
        }
    }

    private static Value Normalized(GraphBuilder g, Value x)
    {
        var deviation = g.Op("Sub", x, Mean(g, x));
        var variance = g.Op("Add", Mean(g, g.Op("Pow", deviation, Number(g, "two", 2))), Number(g, "epsilon", 1e-5f));
        return g.Op("Add", g.Op("Mul", g.Op("Div", deviation, g.Op("Sqrt", variance)), Numbers(g, "scale", [Width])), Numbers(g, "bias", [Width]));
    }

    private static Value Mean(GraphBuilder g, Value x) => g.Op("ReduceMean", [x], ("axes", new[] { -1L }), ("keepdims", 1L));

    /// <summary>Attends where any element is positive: a constant would be computed before the runtime looks for it.</summary>
    private static Value Attended(GraphBuilder g, Value x)
    {
        var isPositive = g.Op("Greater", g.Op("ReduceMax", [x], ("axes", new[] { -1L }), ("keepdims", 0L)), Number(g, "zero", 0));
        return g.Op("Cast", [isPositive], ("to", (long)DataType.Int64));
    }

    private static Value Mask(GraphBuilder g, Value attended)
    {
        var flags = g.Op("Unsqueeze", [g.Op("Unsqueeze", [attended], ("axes", new[] { 1L }))], ("axes", new[] { 2L }));
        var floats = g.Op("Cast", [flags], ("to", (long)DataType.Float));
        return g.Op("Mul", g.Op("Sub", Number(g, "one", 1), floats), Number(g, "low", -10000));
    }

    /// <summary>A value that also becomes an output, as it is or as something made of it.</summary>
    private static Value Also(GraphBuilder g, Value value, Value output)
    {
        g.Output("also", output);
        return value;
    }

    private static Value Number(GraphBuilder g, string name, float number) => g.Weight(name, Tensor.Create([], number));

    /// <summary>Numbers around 0.</summary>
    private static Value Numbers(GraphBuilder g, string name, long[] dimensions) => g.Weight(name, Tensor.Create(dimensions,
        [.. Enumerable.Range(0, Count(dimensions)).Select(i => (i * 7 + name.Length) % 11 * 0.1f - 0.5f)]));

    private static int Count(long[] dimensions) => (int)dimensions.Aggregate(1L, (product, length) => product * length);

    private static List<string> OperatorsAtRun(OnnxModel model) =>
        [.. GraphWalker.Nodes(PassContexts.Engine.Optimize(model, RuntimeOptimization.Extended)).Select(node => node.OpType)];

    private static int Adds(OnnxModel model) => GraphWalker.Nodes(model).Count(node => node.Is("Add"));

    private static Dictionary<string, Tensor> Inputs() => new()
    {
        ["input_ids"] = Tensor.Create([2, 3], 1L, 7, 30, 0, 4, 9),
        ["token_type_ids"] = Tensor.Create([2, 3], 0L, 1, 1, 0, 0, 1),
        ["attention_mask"] = Tensor.Create([2, 3], 1L, 1, 1, 1, 1, 0),
    };
}
