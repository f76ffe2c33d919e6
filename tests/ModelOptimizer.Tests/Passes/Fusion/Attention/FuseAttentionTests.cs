using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class FuseAttentionTests
{
    private const int Heads = 2;
    private const int Size = 4;
    private const int Width = Heads * Size;

    private static readonly TensorType X = new(DataType.Float, new Shape(["batch", "length", Width]));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(SelfAttention, new TensorType(DataType.Float, Shape.Of(2, 3, Width)), [23, 24]);

    [TestCaseSource(nameof(Rows))]
    public void Does_its_duty_everywhere(StandardRow row) => PassTester.Run(new FuseAttention(), row);

    [Test]
    public void Heads_side_by_side_take_their_transpositions_along() =>
        Run(g => SelfAttention(g, g.Input("x", X)), prune: true).Leaves("Attention");

    [Test]
    public void A_result_that_stays_apart_is_taken_apart_again() =>
        Run(g => Formula(g, Apart(g, g.Input("x", X))), prune: true).Leaves("Attention", "Reshape", "Transpose");

    [Test]
    public void The_scale_may_lie_on_query_and_key()
    {
        var test = Run(g =>
        {
            var x = Apart(g, g.Input("x", X));
            var key = g.Op("Div", Transposed(g, g.Op("Mul", x, Number(g, 0.5f)), 0, 1, 3, 2), Number(g, 4));
            return g.Op("MatMul", Softmax(g, g.Op("MatMul", g.Op("Mul", Number(g, 3), x), key)), x);
        });

        Assert.That(Attention(test).Attributes.TryGetFloat("scale"), Is.EqualTo(3 * 0.5f / 4));
    }

    [TestCase("added, for each query", "length", 2)]
    [TestCase("added, for all queries", 1, 4)]
    public void A_mask_is_stretched_over_the_queries(string what, object queries, int rank)
    {
        var rows = queries is string symbol ? new Dimension(null, symbol) : new Dimension((int)queries);
        var test = Run(g => Masked(g, g.Op("Mul", g.Op("Cast", [g.Input("m", DataType.Int64, [.. Enumerable.Repeat<Dimension>(1, rank - 2), rows, "length"])], ("to", 1)), Number(g, -1e4f))), prune: true);

        Assert.That(test.Operators.Contains("Expand"), Is.EqualTo(rows.Value == 1), what);
    }

    [Test]
    public void A_mask_of_its_own_length_is_left_to_the_formula() =>
        Run(g => Masked(g, g.Op("Mul", g.Op("Cast", [g.Input("m", DataType.Int64, "rows", "length")], ("to", 1)), Number(g, -1e4f)))).Refuses("is not known to be as long as the keys");

    [TestCase(1, false)]
    [TestCase(3, true)]
    [TestCase(64, true)]
    public void A_mask_cut_to_the_keys_is_as_long_unless_one_element_may_stretch(int longest, bool isFused)
    {
        var test = Run(g =>
        {
            var mask = g.Initializer("mask", [1, 1, 1, longest], [.. Enumerable.Range(0, longest).Select(i => i % 2 - 1f)]);
            var x = g.Input("x", X);
            var cut = g.Op("Slice", mask, g.Int64s("start", [0]), g.Op("Gather", g.Op("Shape", x), g.Int64s("second", 1)), g.Int64s("axis", 3));
            return g.Op("MatMul", Softmax(g, g.Op("Add", Scores(g, Apart(g, x)), cut)), Apart(g, x));
        }, inputs: new() { ["x"] = Tensor.Create([1, 3, Width], [.. Enumerable.Range(0, 3 * Width).Select(i => i % 7 * 0.3f)]) });

        if (isFused)
            Assert.That(test.Operators, Has.Member("Attention"));
        else
            test.Refuses("is not known to be as long as the keys");
    }

    [TestCase(-1e9f, true)]
    [TestCase(float.MinValue, false)]
    [TestCase(float.NegativeInfinity, false)]
    public void A_mask_that_may_mask_a_row_as_a_whole_must_be_mild(float low, bool isFused)
    {
        var test = Run(g => Masked(g, g.Op("Where", g.Input("m", DataType.Bool, "length", "length"), Number(g, 0), Number(g, low))));

        if (isFused)
            Assert.That(test.Operators, Has.Member("Attention"));
        else
            test.Refuses("a row that");
    }

    [TestCase(false, true)]
    [TestCase(true, false)]
    public void A_constant_mask_must_keep_the_first_key_of_every_row(bool masksFirst, bool isFused)
    {
        float[] mask = masksFirst ? [float.MinValue, float.MinValue, 0, 0] : [0, float.MinValue, 0, 0];
        var test = Run(g => Masked(g, Cut(g, g.Initializer("causal", [2, 2], mask)), length: 2));

        if (isFused)
            Assert.That(test.Operators, Has.Member("Attention"));
        else
            test.Refuses("a row that");
    }

    [Test]
    public void Minus_infinity_is_fused_behind_a_guard() => Run(g =>
    {
        var x = Apart(g, g.Input("x", X));
        var mask = g.Op("Where", g.Input("m", DataType.Bool, "length", "length"), Number(g, 0), Number(g, float.NegativeInfinity));
        var weights = Softmax(g, g.Op("Add", Scores(g, x), mask));
        return g.Op("MatMul", g.Op("Where", g.Op("IsNaN", weights), Number(g, 0), weights), x);
    }, prune: true).Leaves("Where", "Attention", "Reshape", "Transpose");

    [TestCase(-1e4f, "fills -1e+04 in")]
    [TestCase(-1e31f, null)]
    public void Scores_may_be_filled_in_by_a_number_that_absorbs_them(float fill, string? reason)
    {
        var test = Run(g =>
        {
            var x = Apart(g, g.Input("x", X));
            return g.Op("MatMul", Softmax(g, g.Op("Where", g.Input("m", DataType.Bool, "length", "length"), Number(g, fill), Scores(g, x))), x);
        });

        if (reason is null)
            Assert.That(test.Operators, Has.Member("Attention"));
        else
            test.Refuses(reason);
    }

    [Test]
    public void Past_keys_and_values_go_to_the_operator_which_hands_the_joined_ones_on()
    {
        var test = Run(g =>
        {
            var x = Apart(g, g.Input("x", X));
            var key = g.Op("Concat", [g.Input("past_key", DataType.Float, "batch", Heads, "past", Size), x], ("axis", 2L));
            var value = g.Op("Concat", [g.Input("past_value", DataType.Float, "batch", Heads, "past", Size), x], ("axis", -2L));
            g.Output("present_key", key);
            g.Output("present_value", value);
            return Joined(g, g.Op("MatMul", Softmax(g, g.Op("Mul", g.Op("MatMul", x, Transposed(g, key, 0, 1, 3, 2)), Number(g, 0.5f))), value));
        }, prune: true);

        Assert.That(Attention(test).Inputs.Select(input => input?.Name), Is.EqualTo(new[] { "x", "x", "x", null, "past_key", "past_value" }));
        test.Leaves("Attention");
    }

    [Test]
    public void Joined_keys_that_a_body_returns_stay_where_they_are() => Run(g =>
    {
        var x = Apart(g, g.Input("x", X));
        var both = g.Op("Concat", [g.Input("past", DataType.Float, "batch", Heads, "past", Size), x], ("axis", 2L));
        g.Output("early", g.Op("Abs", g.If(g.Input("c", DataType.Bool), _ => [both], inner => [inner.Op("Neg", both)]).Output()));
        return g.Op("MatMul", Softmax(g, g.Op("MatMul", x, Transposed(g, both, 0, 1, 3, 2))), both);
    }).Refuses("for heads apart the operator gains nothing");

    [Test]
    public void Heads_that_were_never_in_rows_gain_nothing() => Run(g =>
    {
        var x = g.Input("x", DataType.Float, "batch", Heads, "length", Size);
        return g.Op("MatMul", Softmax(g, Scores(g, x)), x);
    }).Refuses("for heads apart the operator gains nothing");

    [Test]
    public void Repeated_heads_are_fused_apart_too() => Run(g =>
    {
        var query = g.Input("q", DataType.Float, "batch", 4, "length", Size);
        var key = g.Op("Expand", g.Op("Unsqueeze", g.Input("k", DataType.Float, "batch", 2, "length", Size), g.Int64s("axes", 2)), g.Int64s("times", 1, 1, 2, 1, 1));
        var heads = g.Op("Reshape", key, g.Int64s("heads", 0, 4, -1, Size));
        return g.Op("MatMul", Softmax(g, g.Op("MatMul", query, Transposed(g, heads, 0, 1, 3, 2))), heads);
    }, prune: true).Leaves("Attention");

    [Test]
    public void Weights_that_are_read_elsewhere_stay() => Run(g =>
    {
        var x = Apart(g, g.Input("x", X));
        var weights = Softmax(g, Scores(g, x));
        g.Output("weights", weights);
        return g.Op("MatMul", weights, x);
    }).Refuses("is read elsewhere too");

    [Test]
    public void Batches_that_only_broadcast_are_refused() => Run(g =>
    {
        var (x, y) = (Apart(g, g.Input("x", X)), Apart(g, g.Input("one", DataType.Float, 1, "length", Width)));
        return g.Op("MatMul", Softmax(g, g.Op("MatMul", x, Transposed(g, y, 0, 1, 3, 2))), y);
    }).Refuses("the same batch");

    [Test]
    public void A_negative_scale_is_refused() => Run(g =>
    {
        var x = Apart(g, g.Input("x", X));
        return g.Op("MatMul", Softmax(g, g.Op("Mul", g.Op("MatMul", x, Transposed(g, x, 0, 1, 3, 2)), Number(g, -1))), x);
    }).Refuses("scale is not positive");

    [Test]
    public void Older_opsets_say_what_would_do() =>
        Run(g => SelfAttention(g, g.Input("x", X)), opset: 22).Refuses("opset 22 has no Attention: upgrade-opset to 23");

    [Test]
    public void Two_small_masks_are_summed_first() => Run(g =>
    {
        var bias = g.Initializer("bias", [1, Heads, 2, 2], [1, 2, 3, 4, -5, 6, 7, 8]);
        return TwiceMasked(g, bias, Flags(g, -100));
    }, prune: true).Leaves("Cast", "Mul", "Add", "Attention", "Reshape", "Transpose");

    [Test]
    public void A_mask_without_an_axis_of_queries_is_refused_beside_another_too() =>
        Run(g => TwiceMasked(g, g.Initializer("bias", [2], [1, 2]), g.Initializer("other", [1, 2], [-3, 4]))).Refuses("as long as the keys");

    [Test]
    public void The_sum_of_two_masks_is_stretched_over_the_queries() =>
        Run(g => TwiceMasked(g, g.Initializer("bias", [Heads, 1, 2], [1, 2, 3, 4]), g.Initializer("other", [1, 2], [-3, 4])), prune: true)
            .Leaves("Add", "Concat", "Expand", "Attention", "Reshape", "Transpose");

    [TestCase(-1e9f)]
    [TestCase(float.NegativeInfinity)]
    [TestCase(1e4f)]
    public void Two_masks_whose_sum_loses_digits_are_refused(float low) =>
        Run(g => TwiceMasked(g, g.Initializer("bias", [1, Heads, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), g.Initializer("low", [2, 2], [0, low, 0, 0]))).Refuses("that their sum is exact enough");

    [Test]
    public void A_second_mask_must_fit_too() =>
        Run(g => TwiceMasked(g, g.Initializer("bias", [2, 2], [1, 2, 3, 4]), g.Op("Cast", [g.Input("m", DataType.Bool, "rows", 2)], ("to", 1L)))).Refuses("is not known to be as long");

    [TestCase(1, 3, "3")]
    [TestCase(2, 3, "6")]
    public void A_mask_for_each_window_becomes_one_for_each_element_of_the_batch(int images, int windows, string batch)
    {
        var test = Run(g => Windowed(g, long.Parse(batch, System.Globalization.CultureInfo.InvariantCulture), [images, windows, Heads, 2, 2], windows));

        Assert.That(test.Operators, Has.Member("Attention"));
    }

    [TestCase(6L, new long[] { 3, 2, Heads, 2, 2 }, 1)]
    [TestCase(2L, new long[] { 1, Heads, 2, 2, 2 }, Heads)]
    public void Scores_of_another_parting_fit_only_where_windows_do(long batch, long[] view, int windows)
    {
        var test = Run(g => Windowed(g, batch, view, windows));

        if (windows == view[1])
            Assert.That(test.Operators, Has.Member("Attention"));
        else
            test.Refuses("for each window of a fixed number");
    }

    [Test]
    public void Windows_whose_sum_with_the_first_mask_loses_digits_are_refused() =>
        Run(g => Windowed(g, 3, [1, 3, Heads, 2, 2], 3, low: -1e9f)).Refuses("that their sum is exact enough");

    [Test]
    public void Windows_of_a_batch_of_any_length_are_refused() =>
        Run(g => Windowed(g, "batch", [-1, 3, Heads, 2, 2], 3), inputs: new() { ["x"] = Tensor.Create([6, 2, Width], new float[6 * 2 * Width]) }).Refuses("for each window of a fixed number");

    private static PassTest Run(Func<GraphBuilder, Value> build, long opset = 23, bool prune = false, Dictionary<string, Tensor>? inputs = null)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", build(g));
        var model = g.Build();
        var test = PassTester.Run(new FuseAttention(), model, inputs);
        if (prune)
            PassContexts.Run(test.Model, new EliminateDeadNodes());
        return test;
    }

    private static Node Attention(PassTest test) => GraphWalker.Nodes(test.Model).Single(node => node.Is("Attention"));

    private static Value SelfAttention(GraphBuilder g, Value x) => Joined(g, Formula(g, Apart(g, x)));

    private static Value Formula(GraphBuilder g, Value heads) => g.Op("MatMul", Softmax(g, Scores(g, heads)), heads);

    private static Value Masked(GraphBuilder g, Value mask, Dimension? length = null)
    {
        var x = Apart(g, g.Input("x", DataType.Float, "batch", length ?? "length", Width));
        return g.Op("MatMul", Softmax(g, g.Op("Add", Scores(g, x), mask)), x);
    }

    private static Value TwiceMasked(GraphBuilder g, Value first, Value second)
    {
        var x = Apart(g, g.Input("x", DataType.Float, "batch", 2, Width));
        return g.Op("MatMul", Softmax(g, g.Op("Add", second, g.Op("Add", Scores(g, x), first))), x);
    }

    private static Value Windowed(GraphBuilder g, Dimension batch, long[] view, int windows, float low = -100)
    {
        var x = Apart(g, g.Input("x", DataType.Float, batch, 2, Width));
        var biased = g.Op("Add", Scores(g, x), g.Initializer("bias", [Heads, 2, 2], [1, 2, 3, 4, -5, 6, 7, 8]));
        var mask = g.Initializer("mask", [1, windows, 1, 2, 2], [.. Enumerable.Range(0, windows * 4).Select(i => i % 3 == 0 ? low : i)]);
        var masked = g.Op("Add", g.Op("Reshape", biased, g.Int64s("apart", view)), mask);
        return g.Op("MatMul", Softmax(g, g.Op("Reshape", masked, g.Int64s("together", -1, Heads, 2, 2))), x);
    }

    private static Value Flags(GraphBuilder g, float low) =>
        g.Op("Mul", g.Op("Cast", [g.Input("m", DataType.Bool, "batch", 1, 2, 2)], ("to", 1L)), Number(g, low));

    private static Value Cut(GraphBuilder g, Value mask) => g.Op("Slice", mask, g.Int64s("starts", 0, 0), g.Int64s("ends", 2, 2), g.Int64s("axes", 0, 1));

    private static Value Scores(GraphBuilder g, Value heads) => g.Op("Mul", g.Op("MatMul", heads, Transposed(g, heads, 0, 1, 3, 2)), Number(g, 0.5f));

    private static Value Softmax(GraphBuilder g, Value scores) => g.Op("Softmax", [scores], ("axis", -1L));

    private static Value Apart(GraphBuilder g, Value x) => Transposed(g, g.Op("Reshape", x, g.Constant(Tensor.Create([4], 0L, 0L, Heads, Size))), 0, 2, 1, 3);

    private static Value Joined(GraphBuilder g, Value heads) => g.Op("Reshape", Transposed(g, heads, 0, 2, 1, 3), g.Constant(Tensor.Create([3], 0L, 0L, Width)));

    private static Value Transposed(GraphBuilder g, Value x, params long[] perm) => g.Op("Transpose", [x], ("perm", perm));

    private static Value Number(GraphBuilder g, float number) => g.Constant(Tensor.Create([], number));
}
