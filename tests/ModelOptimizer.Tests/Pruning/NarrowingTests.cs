using ModelOptimizer.Onnx;
using ModelOptimizer.Pruning;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Every kind of group: without channels that were zero a model computes the same, in smaller tensors.</summary>
public sealed class NarrowingTests
{
    private static readonly Random s_random = new(7);

    [Test]
    public void Channels_between_two_convolutions()
    {
        var g = new GraphBuilder();
        var x = g.Op("Relu", Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3));
        g.Output("y", Conv(g, x, 5, 12));

        Pruned(g).Leaves((PruningKind.Channels, 12)).Weighs([8, 3, 3, 3], [8], [5, 8, 3, 3], [5]);
    }

    [Test]
    public void A_residual_sum_joins_all_that_add_to_it()
    {
        var g = new GraphBuilder();
        var a = g.Op("Relu", Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3));
        var b = Conv(g, g.Op("Relu", Conv(g, a, 9, 12)), 12, 9);
        g.Output("y", Conv(g, g.Op("Add", a, b), 5, 12));

        Pruned(g).Leaves((PruningKind.Channels, 12), (PruningKind.Channels, 9)).Weighs([8, 3, 3, 3], [8], [6, 8, 3, 3], [6], [8, 6, 3, 3], [8], [5, 8, 3, 3], [5]);
    }

    [Test]
    public void Parts_of_a_concatenation_are_groups_of_their_own()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 3, 8, 8);
        var joined = g.Op("Concat", [Conv(g, x, 6, 3), g.Op("Relu", Conv(g, x, 12, 3))], ("axis", 1L));
        g.Output("y", Conv(g, joined, 5, 18));

        Pruned(g).Leaves((PruningKind.Channels, 6), (PruningKind.Channels, 12)).Weighs([4, 3, 3, 3], [4], [8, 3, 3, 3], [8], [5, 12, 3, 3], [5]);
    }

    [Test]
    public void A_depthwise_convolution_goes_along()
    {
        var g = new GraphBuilder();
        var a = Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3);
        var b = g.Op("HardSwish", g.Op("Conv", [a, Weight(g, 12, 1, 3, 3), Weight(g, 12)], ("group", 12L), ("pads", new long[] { 1, 1, 1, 1 })));
        g.Output("y", Conv(g, b, 5, 12));

        var model = Pruned(g).Leaves((PruningKind.Channels, 12)).Weighs([8, 3, 3, 3], [8], [8, 1, 3, 3], [8], [5, 8, 3, 3], [5]).Model;
        Assert.That(model.Graph.Nodes.Single(node => node.Attributes.Has("group")).Attributes.GetInt("group", 0), Is.EqualTo(8));
    }

    [Test]
    public void Groups_of_a_convolution_stay_equally_wide()
    {
        var g = new GraphBuilder();
        var a = Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3);
        var b = g.Op("Conv", [a, Weight(g, 18, 6, 3, 3)], ("group", 2L), ("pads", new long[] { 1, 1, 1, 1 }));
        g.Output("y", Conv(g, b, 5, 18));

        // Six places in each of two groups, and nine.
        Pruned(g).Leaves((PruningKind.Channels, 6), (PruningKind.Channels, 9)).Weighs([8, 3, 3, 3], [8], [12, 4, 3, 3], [5, 12, 3, 3], [5]);
    }

    [TestCase(1L)]
    [TestCase(3L)]
    public void A_transposed_convolution(long groups)
    {
        var g = new GraphBuilder();
        var a = Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3);
        var b = g.Op("ConvTranspose", [a, Weight(g, 12, 18 / (int)groups, 2, 2), Weight(g, 18)], ("group", groups), ("strides", new long[] { 2, 2 }));
        g.Output("y", Conv(g, b, 5, 18));

        var pruned = Pruned(g);
        Assert.That(pruned.Groups.Select(group => group.Units), Is.EqualTo(groups == 1 ? [12, 18] : new[] { 4, 6 }));
    }

    [Test]
    public void Normalization_and_gates_of_channels_go_along()
    {
        var g = new GraphBuilder();
        var a = g.Op("BatchNormalization", Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3), Weight(g, 12), Weight(g, 12), Weight(g, 12), Positive(g, 12));
        var gate = g.Op("Sigmoid", g.Op("Conv", [g.Op("Relu", g.Op("Conv", [g.Op("GlobalAveragePool", a), Weight(g, 6, 12, 1, 1)])), Weight(g, 12, 6, 1, 1)]));
        g.Output("y", Conv(g, g.Op("Mul", a, gate), 5, 12));

        Pruned(g).Leaves((PruningKind.Channels, 12), (PruningKind.Channels, 6))
            .Weighs([8, 3, 3, 3], [8], [8], [8], [8], [8], [4, 8, 1, 1], [8, 4, 1, 1], [5, 8, 3, 3], [5]);
    }

    [Test]
    public void A_picture_that_is_flattened_takes_all_places_of_a_channel_with_it()
    {
        var g = new GraphBuilder();
        var a = g.Op("MaxPool", [Conv(g, g.Input("x", DataType.Float, 1, 3, 8, 8), 12, 3)], ("kernel_shape", new long[] { 4, 4 }), ("strides", new long[] { 4, 4 }));
        g.Output("y", g.Op("Gemm", g.Op("Flatten", a), Weight(g, 48, 7), Weight(g, 7)));

        Pruned(g).Leaves((PruningKind.Channels, 12)).Weighs([8, 3, 3, 3], [8], [32, 7], [7]);
    }

    [Test]
    public void Gated_neurons_go_from_both_products()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "batch", "rows", 8);
        var gate = g.Op("MatMul", x, Weight(g, 8, 12));
        var gated = g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), g.Op("MatMul", x, Weight(g, 8, 12)));
        g.Output("y", g.Op("MatMul", gated, Weight(g, 12, 8)));

        Pruned(g).Leaves((PruningKind.Hidden, 12)).Weighs([8, 8], [8, 8], [8, 8]);
    }

    [Test]
    public void Parts_of_one_product_that_are_split_go_together()
    {
        var g = new GraphBuilder(opset: 18);
        var both = g.Node("Split", [g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), Weight(g, 8, 24))], 2, ("axis", -1L), ("num_outputs", 2L));
        g.Output("y", g.Op("MatMul", g.Op("Mul", g.Op("Tanh", both.Output(0)), both.Output(1)), Weight(g, 12, 8)));

        Pruned(g).Leaves((PruningKind.Hidden, 12)).Weighs([8, 16], [8, 8]);
    }

    [Test]
    public void Parts_that_are_sliced_move_up()
    {
        var g = new GraphBuilder();
        var all = g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), Weight(g, 8, 18));
        var (first, second) = (Slice(all, 0, 6), Slice(all, 6, 18));
        g.Output("y", g.Op("Add", g.Op("MatMul", first, Weight(g, 6, 8)), g.Op("MatMul", second, Weight(g, 12, 8))));

        Pruned(g).Leaves((PruningKind.Hidden, 6), (PruningKind.Hidden, 12)).Weighs([8, 12], [4, 8], [8, 8]);

        Value Slice(Value data, long start, long end) =>
            g.Op("Slice", data, g.Int64s("", start), g.Int64s("", end), g.Int64s("", -1));
    }

    [Test]
    public void Heads_of_attention_that_is_spelled_out()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "batch", "rows", 12);
        Attention(g, x, Project(12), Project(12), Project(12), 3, 4);

        Pruned(g).Leaves((PruningKind.Heads, 3)).Weighs([12, 8], [8], [12, 8], [8], [12, 8], [8], [8, 12]);

        Value Project(int width) => g.Op("Add", g.Op("MatMul", x, Weight(g, 12, width)), Weight(g, width));
    }

    [Test]
    public void Heads_of_one_packed_product()
    {
        var g = new GraphBuilder();
        var packed = g.Op("MatMul", g.Input("x", DataType.Float, "batch", "rows", 12), Weight(g, 12, 36));
        var parts = g.Op("Transpose", [g.Op("Reshape", packed, g.Int64s("", 0, 0, 3, 3, 4))], ("perm", new long[] { 2, 0, 3, 1, 4 }));
        var (q, k, v) = (Part(0), Part(1), Part(2));
        var scores = g.Op("Softmax", [g.Op("MatMul", q, g.Op("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 })))], ("axis", -1L));
        var joined = g.Op("Reshape", g.Op("Transpose", [g.Op("MatMul", scores, v)], ("perm", new long[] { 0, 2, 1, 3 })), g.Int64s("", 0, 0, 12));
        g.Output("y", g.Op("MatMul", joined, Weight(g, 12, 12)));

        Pruned(g).Leaves((PruningKind.Heads, 3)).Weighs([12, 24], [8, 12]);

        Value Part(long index) => g.Op("Gather", [parts, g.Constant(Tensor.Create([], index))], ("axis", 0L));
    }

    [Test]
    public void Queries_that_share_keys_go_with_them()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "batch", "rows", 12);
        var shared = g.Int64s("", 1, 3, 2, 1, 4);
        var (k, v) = (Repeat(), Repeat());
        var q = Turn(g.Op("Reshape", g.Op("MatMul", x, Weight(g, 12, 24)), g.Int64s("", 0, 0, 6, 4)));
        var scores = g.Op("Softmax", [g.Op("MatMul", q, g.Op("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 })))], ("axis", -1L));
        var joined = g.Op("Reshape", Turn(g.Op("MatMul", scores, v)), g.Int64s("", 0, 0, 24));
        g.Output("y", g.Op("MatMul", joined, Weight(g, 24, 12)));

        Pruned(g).Leaves((PruningKind.Heads, 3)).Weighs([12, 8], [12, 8], [12, 16], [16, 12]);

        Value Repeat()
        {
            var heads = Turn(g.Op("Reshape", g.Op("MatMul", x, Weight(g, 12, 12)), g.Int64s("", 0, 0, 3, 4)));
            return g.Op("Reshape", g.Op("Expand", g.Op("Unsqueeze", heads, g.Int64s("", 2)), shared), g.Int64s("", 0, 6, -1, 4));
        }

        Value Turn(Value heads) => g.Op("Transpose", [heads], ("perm", new long[] { 0, 2, 1, 3 }));
    }

    [Test]
    public void Heads_of_attention_operators()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "batch", "rows", 12);
        Value Project(int width) => g.Op("MatMul", x, Weight(g, 12, width));
        var multi = g.Op("com.microsoft.MultiHeadAttention", [Project(12), Project(12), Project(12), Weight(g, 36)], ("num_heads", 3L));
        var packed = g.Op("com.microsoft.Attention", [x, Weight(g, 12, 36), Weight(g, 36)], ("num_heads", 3L));
        g.Output("y", g.Op("Add", g.Op("MatMul", multi, Weight(g, 12, 12)), g.Op("MatMul", packed, Weight(g, 12, 12))));

        var pruned = Pruned(g).Leaves((PruningKind.Heads, 3), (PruningKind.Heads, 3))
            .Weighs([12, 8], [12, 8], [12, 8], [24], [12, 24], [24], [8, 12], [8, 12]);
        Assert.That(pruned.Model.Graph.Nodes.Where(node => node.Attributes.Has("num_heads")).Select(node => node.Attributes.GetInt("num_heads", 0)), Is.EqualTo([2, 2]));
    }

    [Test]
    public void Heads_of_the_standard_operators()
    {
        var g = new GraphBuilder(opset: 23, irVersion: 11);
        var x = g.Input("x", DataType.Float, 1, 4, 12);
        Value Project(int width) => g.Op("MatMul", x, Weight(g, 12, width));
        Value Turned(Value heads, long count) => g.Op("RotaryEmbedding", [heads, Weight(g, 1, 4, 2), Weight(g, 1, 4, 2)], ("num_heads", count));
        var made = g.Op("Attention", [Turned(Project(6 * 4), 6), Turned(Project(3 * 4), 3), Project(3 * 4)], ("q_num_heads", 6L), ("kv_num_heads", 3L));
        g.Output("y", g.Op("MatMul", made, Weight(g, 24, 12)));

        var model = Pruned(g).Leaves((PruningKind.Heads, 3))
            .Weighs([12, 16], [1, 4, 2], [1, 4, 2], [12, 8], [1, 4, 2], [1, 4, 2], [12, 8], [16, 12]).Model;
        var node = model.Graph.Nodes.Single(node => node.OpType == "Attention");
        Assert.That((node.Attributes.GetInt("q_num_heads", 0), node.Attributes.GetInt("kv_num_heads", 0)), Is.EqualTo((4, 2)));
        Assert.That(model.Graph.Nodes.Where(node => node.OpType == "RotaryEmbedding").Select(node => node.Attributes.GetInt("num_heads", 0)), Is.EqualTo([4, 2]));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Queries_that_all_share_one_head_of_keys_in_one_operator(bool isStandard)
    {
        var g = new GraphBuilder(opset: isStandard ? 23 : 21, irVersion: isStandard ? 11 : 10);
        var x = g.Input("x", DataType.Float, 1, 4, 12);
        Value Project(int width) => g.Op("MatMul", x, Weight(g, 12, width));
        var (q, k, v) = (Project(6 * 16), Project(16), Project(16));
        var lengths = g.Initializer("", Tensor.Create(DataType.Int32, [1], new[] { 3 }));
        var total = g.Initializer("", Tensor.Create(DataType.Int32, [1], new[] { 4 }));
        var made = isStandard ? g.Op("Attention", [q, k, v], ("q_num_heads", 6L), ("kv_num_heads", 1L))
            : g.Op("com.microsoft.GroupQueryAttention", [q, k, v, null, null, lengths, total], ("num_heads", 6L), ("kv_num_heads", 1L));
        g.Output("y", g.Op("MatMul", made, Weight(g, 96, 12)));

        var model = Pruned(g).Leaves((PruningKind.Heads, 6)).Weighs([12, 64], [12, 16], [12, 16], [64, 12]).Model;
        var node = model.Graph.Nodes.Single(node => node.OpType.EndsWith("Attention", StringComparison.Ordinal));
        Assert.That((node.Attributes.GetInt(isStandard ? "q_num_heads" : "num_heads", 0), node.Attributes.GetInt("kv_num_heads", 0)), Is.EqualTo((4, 1)));
    }

    [Test]
    public void A_picture_that_is_resized_to_given_lengths()
    {
        var g = new GraphBuilder();
        var small = g.Op("Conv", g.Input("x", DataType.Float, 1, 3, 6, 6), Weight(g, 6, 3, 3, 3));
        var large = g.Op("Resize", [small, null, null, g.Initializer("", Tensor.Create([4], [1L, 6, 8, 8]))], ("mode", "nearest"));
        g.Output("y", g.Op("Conv", large, Weight(g, 2, 6, 1, 1)));

        Pruned(g).Leaves((PruningKind.Channels, 6)).Weighs([4, 3, 3, 3], [2, 4, 1, 1]);
    }

    [Test]
    public void Heads_of_grouped_queries_in_one_operator()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 4, 12);
        Value Project(int width) => g.Op("MatMul", x, Weight(g, 12, width));
        var (q, k, v) = (Project(6 * 16), Project(3 * 16), Project(3 * 16));
        var lengths = g.Initializer("", Tensor.Create(DataType.Int32, [1], new[] { 3 }));
        var total = g.Initializer("", Tensor.Create(DataType.Int32, [1], new[] { 4 }));
        var made = g.Op("com.microsoft.GroupQueryAttention", [q, k, v, null, null, lengths, total], ("num_heads", 6L), ("kv_num_heads", 3L));
        g.Output("y", g.Op("MatMul", made, Weight(g, 96, 12)));

        var model = Pruned(g).Leaves((PruningKind.Heads, 3)).Weighs([12, 64], [12, 32], [12, 32], [64, 12]).Model;
        var node = model.Graph.Nodes.Single(node => node.OpType == "GroupQueryAttention");
        Assert.That((node.Attributes.GetInt("num_heads", 0), node.Attributes.GetInt("kv_num_heads", 0)), Is.EqualTo((4, 2)));
    }

    [Test]
    public void A_weight_that_two_layers_share_stays_one()
    {
        var g = new GraphBuilder();
        var (a, b, x) = (Weight(g, 8, 12), Weight(g, 12, 8), g.Input("x", DataType.Float, "rows", 8));
        g.Output("y", Layer(Layer(x)));

        var model = Pruned(g).Leaves((PruningKind.Hidden, 12)).Weighs([8, 8], [8, 8], [8, 8], [8, 8]).Model;
        Assert.That(model.Graph.Initializers, Has.Count.EqualTo(2));

        Value Layer(Value from) => g.Op("MatMul", g.Op("Relu", g.Op("MatMul", from, a)), b);
    }

    [Test]
    public void A_weight_that_is_split_keeps_its_parts()
    {
        var g = new GraphBuilder();
        var (x, split) = (g.Input("x", DataType.Float, "rows", 8), g.Node("Split", [Weight(g, 8, 24), g.Int64s("", 12, 12)], 2, ("axis", 1L)));
        g.Output("y", g.Op("MatMul", g.Op("Mul", g.Op("MatMul", x, Weight(g, 8, 12)), g.Op("MatMul", x, split.Output(1))), Weight(g, 12, 8)));

        Pruned(g);
    }

    [Test]
    public void Zeros_of_a_shape_mean_what_they_did()
    {
        var g = new GraphBuilder();
        var x = g.Op("MatMul", g.Input("x", DataType.Float, 24, 8), Weight(g, 8, 6));
        // The second length of the input is copied, which stands at another place now: [24, 6] => [4, 6, 6].
        var cut = g.Op("Reshape", x, g.Int64s("", 4, 0, 6));
        g.Output("y", g.Op("MatMul", cut, Weight(g, 6, 5)));

        Pruned(g).Leaves((PruningKind.Hidden, 6));
    }

    [Test]
    public void What_has_an_unknown_shape_holds_the_others()
    {
        var g = new GraphBuilder();
        var a = g.Op("MatMul", g.Input("x", DataType.Float, 2, 4, 8), Weight(g, 8, 16));
        var b = g.Input("b", new TensorType(DataType.Float, null));
        g.Output("y", g.Op("MatMul", g.Op("Concat", [a, b], ("axis", 1L)), Weight(g, 16, 5)));

        Assert.That(new PrunedModel(g.Build()).Groups, Is.Empty);
    }

    [Test]
    public void Groups_that_can_not_be_told_apart_stay()
    {
        var g = new GraphBuilder();
        var a = g.Op("Conv", [g.Input("x", DataType.Float, 1, "channels", 8, 8), Weight(g, 16, 4, 3, 3)], ("group", 4L));
        g.Output("y", g.Op("Conv", a, Weight(g, 5, 16, 1, 1)));

        Assert.That(new PrunedModel(g.Build()).Groups, Is.Empty);
    }

    [Test]
    public void A_constant_that_two_layers_share_is_cut_for_each()
    {
        var g = new GraphBuilder();
        var bias = Weight(g, 12);
        var a = g.Op("Conv", g.Input("x", DataType.Float, 1, 3, 8, 8), Weight(g, 12, 3, 1, 1), bias);
        // The second one's channels all stay.
        g.Output("y", g.Op("Conv", g.Op("Relu", a), Weight(g, 12, 12, 1, 1), bias));

        Pruned(g).Leaves((PruningKind.Channels, 12)).Weighs([8, 3, 1, 1], [8], [12, 8, 1, 1], [12]);
    }

    [Test]
    public void Weights_of_branches()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        g.Output("y", g.If(g.Input("c", DataType.Bool), body => [Feed(body, x)], body => [Feed(body, x)]).Output());

        Pruned(g).Leaves((PruningKind.Hidden, 12), (PruningKind.Hidden, 12));

        static Value Feed(GraphBuilder body, Value x) => body.Op("MatMul", body.Op("Relu", body.Op("MatMul", x, Weight(body, 8, 12))), Weight(body, 12, 8));
    }

    [TestCase("LayerNormalization", "statistics are taken over all of them by LayerNormalization")]
    [TestCase("Softmax", "all of them are compared by Softmax")]
    [TestCase("ReduceMean", "all of them make one number in ReduceMean")]
    [TestCase("output", "'y' is an output")]
    [TestCase("Einsum", "no rule tells what Einsum")]
    public void What_has_to_stay_says_why(string reader, string why)
    {
        var g = new GraphBuilder();
        var a = g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), Weight(g, 8, 12));
        var b = reader switch
        {
            "LayerNormalization" => g.Op(reader, a, Weight(g, 12), Weight(g, 12)),
            "Softmax" => g.Op(reader, [a], ("axis", -1L)),
            "ReduceMean" => g.Op(reader, [a], ("axes", new long[] { -1 })),
            "Einsum" => g.Op(reader, [a], ("equation", "ij->ij")),
            _ => a,
        };
        g.Output("y", b);

        var pruned = new PrunedModel(g.Build());
        Assert.That(pruned.Groups, Is.Empty);
        Assert.That(pruned.Held.Select(held => held.Why), Has.Some.Contains(why));
    }

    private static void Attention(GraphBuilder g, Value x, Value q, Value k, Value v, long heads, long size)
    {
        var scores = g.Op("Softmax", [g.Op("MatMul", Heads(q, [0, 2, 1, 3]), Heads(k, [0, 2, 3, 1]))], ("axis", -1L));
        var made = g.Op("Transpose", [g.Op("MatMul", scores, Heads(v, [0, 2, 1, 3]))], ("perm", new long[] { 0, 2, 1, 3 }));
        g.Output("y", g.Op("Add", x, g.Op("MatMul", g.Op("Reshape", made, g.Int64s("", 0, 0, heads * size)), Weight(g, (int)(heads * size), 12))));

        Value Heads(Value rows, long[] order) => g.Op("Transpose", [g.Op("Reshape", rows, g.Int64s("", 0, 0, heads, size))], ("perm", order));
    }

    private static Value Conv(GraphBuilder g, Value x, int outputs, int inputs) =>
        g.Op("Conv", [x, Weight(g, outputs, inputs, 3, 3), Weight(g, outputs)], ("pads", new long[] { 1, 1, 1, 1 }));

    private static Value Weight(GraphBuilder g, params int[] lengths) => Initializer(g, lengths, () => (float)(s_random.NextDouble() - 0.5));

    private static Value Positive(GraphBuilder g, params int[] lengths) => Initializer(g, lengths, () => (float)(s_random.NextDouble() + 0.5));

    private static Value Initializer(GraphBuilder g, int[] lengths, Func<float> number) => g.Initializer("w",
        [.. lengths.Select(length => (long)length)], [.. Enumerable.Range(0, lengths.Aggregate((a, b) => a * b)).Select(_ => number())]);

    /// <summary>Takes every third unit out, and holds the outputs against those of the model in which they are zero.</summary>
    private static PrunedModel Pruned(GraphBuilder g)
    {
        var (masked, narrowed) = (new PrunedModel(g.Build().Clone()), new PrunedModel(g.Build()));
        masked.Mask(masked.EveryThird);
        narrowed.Remove(narrowed.EveryThird);
        Assert.That(GraphVerifier.Verify(narrowed.Model), Is.Empty);
        PassTester.SameOutputs(masked.Model, narrowed.Model, new(1e-5, 1e-6));
        return narrowed;
    }
}
