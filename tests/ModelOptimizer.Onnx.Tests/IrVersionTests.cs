using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

public sealed class IrVersionTests
{
    [TestCase(DataType.Int4, 10)]
    [TestCase(DataType.UInt4, 10)]
    [TestCase(DataType.Float4E2M1, 11)]
    [TestCase(DataType.Int2, 13)]
    [TestCase(DataType.Float8E5M2, 9)]
    [TestCase(DataType.Float, 8)]
    public void An_added_tensor_raises_it_to_the_version_that_brought_its_type(DataType type, long expected)
    {
        var model = Load(Model(Graph(["x"], ["x"]), irVersion: 8));
        model.Graph.AddInitializer("w", Tensor.Create(type, [32], new byte[type.ByteCount(32)]));
        Assert.That(ModelWriter.ToProto(model).IrVersion, Is.EqualTo(expected));
    }

    [Test]
    public void A_tensor_in_a_constant_node_counts_too()
    {
        var model = Load(Model(Graph(["x"], ["x"]), irVersion: 8));
        model.Graph.Insert(null, "Constant", []).Attributes.Set("value", Tensor.Create(DataType.Int4, [2], new byte[1]));
        Assert.That(ModelWriter.ToProto(model).IrVersion, Is.EqualTo(10));
    }

    [Test]
    public void An_added_initializer_that_is_no_input_ends_the_old_rule_and_constants_stay_constants()
    {
        var graph = Graph(["x", "w"], ["y"], Node("Add", ["x", "w"], ["y"])).With(Floats("w", 1));
        var model = Load(Model(graph, irVersion: 3));
        model.Graph.AddInitializer("v", Tensor.Create([1], 1f));

        var saved = ModelWriter.ToProto(model);

        Assert.That(saved.IrVersion, Is.EqualTo(4));
        Assert.That(saved.Graph.Input.Select(input => input.Name), Is.EqualTo(new[] { "x" }));
        Assert.That(model.IrVersion, Is.EqualTo(3), "saving changes nothing in memory");
    }

    [Test]
    public void A_model_that_was_lax_when_read_comes_back_as_it_was()
    {
        var proto = Model(Graph(["x"], ["y"], Node("Add", ["x", "w"], ["y"])).With(Floats("w", 1)), irVersion: 3);
        Assert.That(MessageDiff.First(proto, ModelWriter.ToProto(Load(proto.Clone()).Clone())), Is.Null);
    }
}
