using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Repair;

public sealed class EqualizeWeightsTests
{
    private static readonly TensorType s_image = new(DataType.Float, new Shape([1, 3, 8, 8]));
    private static readonly TensorType s_rows = new(DataType.Float, new Shape([2, 5]));

    private static EqualizeWeights Pass => new(new());

    [TestCaseSource(nameof(Rows))]
    public void Balances_in_every_situation(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Rows() =>
        StandardRows.Of((g, x) => Convs(g, x, y => g.Op("Relu", y)), s_image, [17, 9, 13, 21], (g, x) => Convs(g, x, y => y, biased: false));

    [TestCase("Relu")]
    [TestCase("LeakyRelu")]
    [TestCase("Identity")]
    [TestCase("GlobalAveragePool")]
    public void Numbers_stay_the_same_to_the_last_bit(string between)
    {
        var model = Model(g => g.Output("y", Convs(g, g.Input("x", s_image), y => g.Op(between, y))));

        var test = PassTester.Run(Pass, model, tolerance: Tolerance.BitExact);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
    }

    [Test]
    public void Channels_have_equal_ranges_on_both_sides_afterwards()
    {
        var test = PassTester.Run(Pass, Model(g => g.Output("y", Convs(g, g.Input("x", s_image), y => g.Op("Relu", y), biased: false))));

        var weights = test.Model.Graph.Nodes.Where(node => node.Is("Conv")).Select(node => node.Input(1)!.Constant!).ToList();
        var (rows, columns) = (Ranges(weights[0], axis: 0), Ranges(weights[1], axis: 1));
        for (var channel = 0; channel < rows.Length; channel++)
            Assert.That(rows[channel] / columns[channel], Is.InRange(0.5, 2), $"channel {channel}");
        Assert.That(rows.Max() / rows.Min(), Is.LessThan(40), "the ranges were spread by a factor of 1000");
    }

    [Test]
    public void Depthwise_convolutions_in_a_row_settle()
    {
        var model = Model(g =>
        {
            var x = g.Op("Relu", Conv(g, "a", g.Input("x", s_image), [6, 3, 1, 1], spread: 0));
            var depthwise = g.Op("Relu", g.Op("Conv", [x, g.Weight("b", Spread([6, 1, 3, 3], 0))], ("group", 6L)));
            g.Output("y", Conv(g, "c", depthwise, [4, 6, 1, 1], spread: 0));
        });

        var test = PassTester.Run(Pass, model, tolerance: Tolerance.BitExact);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
        // Both weights of the other pair are large where the other is: nothing is gained between them.
        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.One.Contains("balanced, the noise of 8 bits would be"));
    }

    [Test]
    public void Products_with_a_bias_of_their_own_node_are_balanced()
    {
        var model = Model(g =>
        {
            var sum = g.Op("Add", g.Op("MatMul", g.Input("x", DataType.Float, 2, 3, 5), g.Weight("a", Spread([5, 6], 1))), g.Weight("bias", Spread([6], 0)));
            g.Output("y", g.Op("MatMul", g.Op("Relu", sum), g.Weight("b", Spread([6, 4], 1))));
        });

        Assert.That(PassTester.Run(Pass, model, tolerance: Tolerance.BitExact).Log.Rewrites, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_gated_layer_is_balanced_through_the_branch_that_is_linear()
    {
        var model = Model(g =>
        {
            var x = g.Input("x", DataType.Float, 2, 3, 5);
            var gate = g.Op("MatMul", x, g.Weight("gate", Spread([5, 6], 1)));
            var up = g.Op("MatMul", x, g.Weight("up", Spread([5, 6], 1)));
            var gated = g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), up);
            g.Output("y", g.Op("MatMul", gated, g.Weight("down", Spread([6, 4], 1))));
        });

        var test = PassTester.Run(Pass, model, tolerance: Tolerance.BitExact);

        Assert.That(test.Initializers.Single(value => value.Name == "gate").Constant, Is.SameAs(model.Graph.Initializers.Single(value => value.Name == "gate").Constant));
    }

    [Test]
    public void Several_readers_share_the_factors()
    {
        var model = Model(g =>
        {
            var hidden = Gemm(g, "a", g.Input("x", s_rows), [5, 6]);
            g.Output("y", Gemm(g, "b", hidden, [6, 4]));
            g.Output("z", Gemm(g, "c", hidden, [6, 3]));
        });

        Assert.That(PassTester.Run(Pass, model, tolerance: Tolerance.BitExact).Log.Rewrites, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_large_bias_is_not_blown_up()
    {
        var model = Model(g =>
        {
            var hidden = g.Op("Relu", g.Op("Gemm", g.Input("x", s_rows), g.Weight("a", Filled([5, 2], 1e-6f)), g.Weight("bias", Filled([2], 1))));
            g.Output("y", g.Op("Gemm", hidden, g.Weight("b", Filled([2, 3], 1))));
        });

        PassTester.Run(Pass, model).Ignores();
    }

    [Test]
    public void Refuses_a_clip_which_is_not_homogeneous() =>
        PassTester.Run(Pass, Model(g => g.Output("y", Convs(g, g.Input("x", s_image),
            y => g.Op("Clip", y, g.Weight("low", Tensor.Create([], 0f)), g.Weight("high", Tensor.Create([], 6f))))))).Refuses("Clip before it depends on the scale");

    [Test]
    public void Refuses_what_a_residual_reads_too() =>
        PassTester.Run(Pass, Model(g =>
        {
            var hidden = Gemm(g, "a", g.Input("x", s_rows), [5, 5]);
            g.Output("y", g.Op("Add", Gemm(g, "b", hidden, [5, 5]), hidden));
        })).Refuses("reads '");

    [Test]
    public void Refuses_what_the_caller_reads_too() =>
        PassTester.Run(Pass, Model(g =>
        {
            var hidden = Gemm(g, "a", g.Input("x", s_rows), [5, 5]);
            g.Output("y", Gemm(g, "b", hidden, [5, 5]));
            g.Output("z", hidden);
        })).Refuses("the graph's output reads");

    [Test]
    public void Refuses_a_second_reader_further_up() =>
        PassTester.Run(Pass, Model(g =>
        {
            var hidden = Gemm(g, "a", g.Input("x", s_rows), [5, 5]);
            g.Output("y", Gemm(g, "b", g.Op("Relu", hidden), [5, 5]));
            g.Output("z", g.Op("Abs", hidden));
        })).Refuses("has other readers");

    [Test]
    public void Refuses_a_bias_that_is_computed() =>
        PassTester.Run(Pass, Model(g => g.Output("y", Gemm(g, "b", g.Op("Gemm", g.Input("x", s_rows), g.Weight("a", Spread([5, 6], 1)),
            g.Input("bias", DataType.Float, 6)), [6, 4])))).Refuses("bias of Gemm");

    [Test]
    public void Refuses_a_weight_that_something_else_reads() =>
        PassTester.Run(Pass, Model(g =>
        {
            g.Output("y", Gemm(g, "b", Gemm(g, "a", g.Input("x", s_rows), [5, 5]), [5, 5]));
            g.Output("z", g.Op("Abs", g.Weight("a", Spread([5, 5], 1))));
        })).Refuses("reads the weight too");

    [Test]
    public void Refuses_a_weight_that_a_second_branch_needs_with_other_factors() =>
        PassTester.Run(Pass, Siamese("b", "c")).Refuses("share the weight 'a'");

    [Test]
    public void Refuses_a_weight_that_a_second_branch_can_not_scale() =>
        PassTester.Run(Pass, Model(g =>
        {
            g.Output("y", Gemm(g, "b", Gemm(g, "a", g.Input("x", s_rows), [5, 5]), [5, 5]));
            g.Output("z", g.Op("Sigmoid", Gemm(g, "a", g.Input("x2", s_rows), [5, 5])));
        })).Refuses("share the weight 'a'");

    [Test]
    public void Branches_that_share_all_weights_still_share_them_afterwards()
    {
        var test = PassTester.Run(Pass, Siamese("b", "b"), tolerance: Tolerance.BitExact);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(2));
        Assert.That(test.Initializers.Count(), Is.EqualTo(2));
    }

    [Test]
    public void Refuses_what_a_scale_for_each_channel_makes_even_already()
    {
        var model = Model(g =>
        {
            // Ranges lie apart by four at most.
            var hidden = g.Op("Gemm", g.Input("x", s_rows), g.Weight("a", Uneven([5, 6], i => i % 6 % 2 == 0 ? 1 : 4)));
            g.Output("y", g.Op("Gemm", hidden, g.Weight("b", Uneven([6, 3], _ => 1))));
        });

        PassTester.Run(Pass, model).Refuses("balanced, the noise of 8 bits would be");
    }

    private static Tensor Uneven(long[] dimensions, Func<int, float> scale) =>
        Tensor.Create(dimensions, [.. Weights.Random((int)(dimensions[0] * dimensions[1])).Select((weight, i) => MathF.CopySign(scale(i), weight))]);

    [Test]
    public void What_parts_no_weight_is_balanced_beside_what_would()
    {
        var model = Model(g =>
        {
            var first = Gemm(g, "a", g.Input("x", s_rows), [5, 6]);
            g.Output("y", Gemm(g, "d", Gemm(g, "b", first, [6, 40]), [40, 3]));
            g.Output("z", Gemm(g, "c", Gemm(g, "a", g.Input("x2", s_rows), [5, 6]), [6, 2]));
        });

        var test = PassTester.Run(Pass, model, tolerance: Tolerance.BitExact);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
        Assert.That(test.Initializers.Count(), Is.EqualTo(4));
    }

    [TestCase("a")]
    [TestCase("b")]
    public void Refuses_what_the_profile_excludes_on_either_side(string excluded) =>
        PassTester.Run(new EqualizeWeights(new() { Exclude = [excluded] }), TwoConvs())
            .Refuses($"exclude has '{excluded}'");

    [Test]
    public void Operators_names_the_layers_that_read() =>
        PassTester.Run(new EqualizeWeights(new() { Operators = ["Gemm"] }), TwoConvs()).Refuses("operators does not name Conv");

    [Test]
    public void Ignores_layers_whose_input_comes_from_a_normalization() =>
        PassTester.Run(Pass, Model(g => g.Output("y", Gemm(g, "a", g.Op("LayerNormalization", g.Input("x", s_rows), g.Weight("gain", Spread([5], 0))), [5, 6])))).Ignores();

    private static OnnxModel Model(Action<GraphBuilder> build)
    {
        var g = new GraphBuilder();
        build(g);
        return g.Build();
    }

    private static OnnxModel TwoConvs() => Model(g => g.Output("y", Convs(g, g.Input("x", s_image), y => g.Op("Relu", y))));

    /// <summary>Two branches that share their first weight.</summary>
    private static OnnxModel Siamese(string one, string other) => Model(g =>
    {
        g.Output("y", Gemm(g, one, Gemm(g, "a", g.Input("x", s_rows), [5, 6]), [6, 4]));
        // Of other numbers, if it is another weight.
        var second = one == other ? g.Weight(other, Spread([6, 4], 1)) : g.Weight(other, Spread([6, 4], 0));
        g.Output("z", g.Op("Gemm", Gemm(g, "a", g.Input("x2", s_rows), [5, 6]), second));
    });

    private static Value Convs(GraphBuilder g, Value x, Func<Value, Value> between, bool biased = true)
    {
        var bias = biased ? g.Weight("bias", Tensor.Create([6], Weights.Random(6))) : null;
        var first = g.Op("Conv", [x, g.Weight("a", Spread([6, 3, 3, 3], 0)), bias]);
        return g.Op("Conv", between(first), g.Weight("b", Tensor.Create([4, 6, 1, 1], Weights.Random(24))));
    }

    private static Value Conv(GraphBuilder g, string name, Value x, long[] dimensions, int spread) =>
        g.Op("Conv", x, g.Weight(name, Spread(dimensions, spread)));

    private static Value Gemm(GraphBuilder g, string name, Value x, long[] dimensions) => g.Op("Gemm", x, g.Weight(name, Spread(dimensions, 1)));

    /// <summary>Random numbers whose magnitudes along one axis lie up to a factor of a thousand apart.</summary>
    private static Tensor Spread(long[] dimensions, int axis)
    {
        var inner = dimensions.Skip(axis + 1).Aggregate(1L, (product, length) => product * length);
        var elements = Weights.Random((int)dimensions.Aggregate(1L, (product, length) => product * length));
        return Tensor.Create(dimensions, [.. elements.Select((element, i) =>
            element * MathF.Pow(10, 3f * (i / inner % dimensions[axis]) / Math.Max(1, dimensions[axis] - 1) - 1.5f))]);
    }

    private static Tensor Filled(long[] dimensions, float element) =>
        Tensor.Create(dimensions, [.. Enumerable.Repeat(element, (int)dimensions.Aggregate(1L, (product, length) => product * length))]);

    private static double[] Ranges(Tensor weight, int axis)
    {
        var ranges = new double[weight.Dimensions[axis]];
        var inner = weight.Dimensions.Skip(axis + 1).Aggregate(1L, (product, length) => product * length);
        var elements = weight.AsSpan<float>();
        for (var i = 0; i < elements.Length; i++)
            ranges[i / inner % ranges.Length] = Math.Max(ranges[i / inner % ranges.Length], Math.Abs(elements[i]));
        return ranges;
    }
}
