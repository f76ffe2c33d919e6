using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Diagnosis;

public sealed class ExcludableTests
{
    private readonly GraphBuilder _g = new();

    [Test]
    public void Who_computes_is_left_out_itself()
    {
        var made = _g.Op("Relu", _g.Input("x", DataType.Float, 4));

        Assert.That(Of(made), Is.EqualTo(new[] { made.Producer }));
    }

    [Test]
    public void Behind_nodes_that_move_stand_those_that_compute()
    {
        var x = _g.Input("x", DataType.Float, 4);
        Value first = _g.Op("Relu", x), second = _g.Op("Tanh", x);
        var moved = _g.Op("Concat", [_g.Op("Identity", first), second], ("axis", 0));

        Assert.That(Of(moved), Is.EquivalentTo(new[] { first.Producer, second.Producer }));
        Assert.That(Of(moved, first), Is.EqualTo(new[] { second.Producer }), "what was compared itself has its own losses");
    }

    /// <summary>Rounding what a reader quantizes: the reader takes it as it is once that one stays float.</summary>
    [Test]
    public void Where_nobody_computes_it_readers_are_left_out()
    {
        var moved = _g.Op("Identity", _g.Input("x", DataType.Float, 4));
        Value read = _g.Op("Relu", moved), further = _g.Op("Tanh", _g.Op("Identity", moved));

        Assert.That(Of(moved), Is.EquivalentTo(new[] { read.Producer, further.Producer }));
    }

    [Test]
    public void A_lookup_in_a_table_of_constants_computes() =>
        Assert.That(Of(_g.Op("Gather", _g.Initializer("table", [2, 2], 1, 2, 3, 4), _g.Input("ids", DataType.Int64, 1))).Single().OpType,
            Is.EqualTo("Gather"));

    [Test]
    public void An_If_hands_out_what_its_branches_compute()
    {
        var x = _g.Input("x", DataType.Float, 4);
        var made = _g.If(_g.Input("c", DataType.Bool), then => [then.Op("Relu", x)], otherwise => [otherwise.Op("Identity", x)]).Output();

        Assert.That(Of(made).Select(node => node.OpType), Is.EqualTo(new[] { "Relu" }));
    }

    private static IReadOnlyList<Node> Of(Value value, params Value[] known) =>
        Excludable.For(value.Producer!, value, known.Append(value).ToHashSet());
}
