using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

/// <summary>Queries, keys and values that one product made: <c>[batch, length, 3, heads, size]</c>.</summary>
public sealed class PackedAttentionTests
{
    private const int Heads = 2;
    private const int Size = 4;
    private const int Width = Heads * Size;

    private static readonly long[] s_partsFirst = [2, 0, 3, 1, 4];

    private static IEnumerable<TestCaseData> Everywhere => StandardRows.Of(
        (g, x) => Joined(g, Formula(g, Pick(g, Transposed(g, Reshaped(g, x, 0, 0, 3, Heads, Size), s_partsFirst)))),
        new TensorType(DataType.Float, Shape.Of(2, 3, 3 * Width)), [23, 24]);

    [TestCaseSource(nameof(Everywhere))]
    public void Does_its_duty_everywhere(StandardRow row) => PassTester.Run(new FuseAttention(), row);

    [Test]
    public void Rows_are_split_instead_of_being_transposed_and_picked() =>
        Run(g => Joined(g, Formula(g, Pick(g, Packed(g)))), prune: true).Leaves("Split", "Attention");

    [TestCase(2, 0, 1)]
    [TestCase(-1, -3, -2)]
    public void Parts_may_come_in_any_order(long query, long key, long value)
    {
        var test = Run(g => Joined(g, Formula(g, Pick(g, Packed(g)), query, key, value)), prune: true).Leaves("Split", "Attention");

        var attention = GraphWalker.Nodes(test.Model).Single(node => node.Is("Attention"));
        var parts = attention.Inputs.Select(input => (long)attention.Input(0)!.Producer!.Outputs.Index().First(output => output.Item == input).Index);
        Assert.That(parts, Is.EqualTo(new[] { query, key, value }.Select(part => (part + 3) % 3)));
    }

    [Test]
    public void Slices_and_Squeezes_pick_as_well() => Run(g =>
    {
        var packed = Packed(g);
        return Joined(g, Formula(g, part => g.Op("Squeeze", g.Op("Slice", packed, Int64s(g, part), Int64s(g, part + 1), Int64s(g, 0)), Int64s(g, 0))));
    }, prune: true).Leaves("Split", "Attention");

    [Test]
    public void So_do_a_Split_and_Squeezes() => Run(g => Joined(g, Formula(g, Unbound(g, 1, 1, 1))), prune: true).Leaves("Split", "Attention");

    [Test]
    public void Rows_that_were_never_side_by_side_are_put_there_first() =>
        Run(g => Joined(g, Formula(g, Pick(g, Transposed(g, g.Op("Abs", g.Input("x", DataType.Float, "batch", "length", 3, Heads, Size)), s_partsFirst)))), prune: true)
            .Leaves("Abs", "Reshape", "Split", "Attention");

    [Test]
    public void Keys_and_values_packed_by_themselves_are_split_too() => Run(g =>
    {
        var query = Transposed(g, Reshaped(g, g.Input("q", DataType.Float, "batch", "length", Width), 0, 0, Heads, Size), 0, 2, 1, 3);
        var pick = Pick(g, Packed(g, parts: 2));
        return Joined(g, Formula(g, query, pick(0), pick(1)));
    }, prune: true).Leaves("Split", "Attention");

    [Test]
    public void Another_order_of_axes_is_refused() =>
        Run(g => Formula(g, Pick(g, Transposed(g, Reshaped(g, Rows(g), 0, 0, 3, Size, Heads), 2, 0, 4, 1, 3)))).Refuses("for heads apart the operator gains nothing");

    [Test]
    public void Parts_picked_along_another_axis_are_refused() => Run(g =>
    {
        var packed = Transposed(g, Reshaped(g, g.Input("x", DataType.Float, 2, "length", 3 * Width), 2, -1, 3, Heads, Size), 0, 2, 3, 1, 4);
        return Formula(g, part => g.Op("Gather", [packed, g.Constant(Tensor.Create([], part))], ("axis", 1L)));
    }).Refuses("for heads apart the operator gains nothing");

    [Test]
    public void A_part_that_is_read_elsewhere_keeps_the_transposition() => Run(g =>
    {
        var pick = Pick(g, Packed(g));
        var key = pick(1);
        g.Output("key", key);
        return Formula(g, pick(0), key, pick(2));
    }).Refuses("packs is read elsewhere too");

    [Test]
    public void So_does_a_part_that_only_others_read() => Run(g =>
    {
        var pick = Pick(g, Packed(g, parts: 4));
        g.Output("gate", pick(3));
        return Formula(g, pick);
    }).Refuses("packs is read elsewhere too");

    [Test]
    public void One_part_for_two_is_refused() => Run(g => Formula(g, Pick(g, Packed(g)), 0, 1, 1)).Refuses("packs is read elsewhere too");

    [Test]
    public void Parts_of_several_products_at_once_are_refused() => Run(g => Formula(g, Unbound(g, 0, 1, 2))).Refuses("for heads apart the operator gains nothing");

    [Test]
    public void Text_recognition_answers_as_before_on_real_data()
    {
        var original = OnnxModel.Load(SharedModels.Require("ocr-rec.onnx"));
        var fused = original.Clone();
        PassContexts.Run(fused, new UpgradeOpset(new UpgradeOpsetOptions { Version = 23 }), new Simplify(new SimplifyOptions()), new Fuse(new FuseOptions()), new Simplify(new SimplifyOptions()));

        Assert.That(GraphWalker.Nodes(fused).Count(node => node.Is("Attention")), Is.EqualTo(2));
        var data = new DataSet([SharedModels.Require("ocr-rec.eval.npz")], DataRequest.For(original) with { Limit = 4 });
        foreach (var sample in data.Read())
            PassTester.SameOutputs(original, fused, Tolerance.Of(NumericEffect.Reassociates), new(sample.Inputs));
    }

    private static PassTest Run(Func<GraphBuilder, Value> build, bool prune = false)
    {
        var g = new GraphBuilder(23);
        g.Output("y", build(g));
        var test = PassTester.Run(new FuseAttention(), g.Build());
        if (prune)
            PassContexts.Run(test.Model, new EliminateDeadNodes());
        return test;
    }

    private static Value Rows(GraphBuilder g, int parts = 3) => g.Input("x", DataType.Float, "batch", "length", parts * Width);

    private static Value Packed(GraphBuilder g, int parts = 3) => Transposed(g, Reshaped(g, Rows(g, parts), 0, 0, parts, Heads, Size), s_partsFirst);

    private static Func<long, Value> Pick(GraphBuilder g, Value packed) => part => g.Op("Gather", [packed, g.Constant(Tensor.Create([], part))], ("axis", 0L));

    /// <summary>Parts that a Split of these lengths leaves, the axis dropped or, where it is not one long, the last of it taken.</summary>
    private static Func<long, Value> Unbound(GraphBuilder g, params long[] lengths)
    {
        var split = g.Node("Split", [Packed(g), Int64s(g, lengths)], 3, ("axis", 0L));
        return part => lengths[part] == 1
            ? g.Op("Squeeze", split.Output((int)part), Int64s(g, 0))
            : g.Op("ReduceSum", [split.Output((int)part), Int64s(g, 0)], ("keepdims", 0L));
    }

    private static Value Formula(GraphBuilder g, Func<long, Value> pick, long query = 0, long key = 1, long value = 2)
    {
        var keys = pick(key);
        return Formula(g, pick(query), keys, key == value ? keys : pick(value));
    }

    private static Value Formula(GraphBuilder g, Value query, Value key, Value value)
    {
        var scores = g.Op("Mul", g.Op("MatMul", query, Transposed(g, key, 0, 1, 3, 2)), g.Constant(Tensor.Create([], 0.5f)));
        return g.Op("MatMul", g.Op("Softmax", [scores], ("axis", -1L)), value);
    }

    private static Value Joined(GraphBuilder g, Value heads) => Reshaped(g, Transposed(g, heads, 0, 2, 1, 3), 0, 0, Width);

    private static Value Transposed(GraphBuilder g, Value x, params long[] perm) => g.Op("Transpose", [x], ("perm", perm));

    private static Value Reshaped(GraphBuilder g, Value x, params long[] shape) => g.Op("Reshape", x, Int64s(g, shape));

    private static Value Int64s(GraphBuilder g, params long[] numbers) => g.Constant(Tensor.Create([numbers.Length], numbers));
}
