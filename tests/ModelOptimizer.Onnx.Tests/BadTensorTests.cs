using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

public sealed class BadTensorTests
{
    [Test]
    public void Too_few_bytes() => Expect(t => t.RawData = ByteString.CopyFrom(0, 0, 0), "holds 3 bytes, but its shape [2] needs 8");

    [Test]
    public void Too_many_bytes() => Expect(t => t.RawData = ByteString.CopyFrom(new byte[12]), "holds 12 bytes");

    [Test]
    public void No_content_at_all() => Expect(t => t.RawData = ByteString.Empty, "holds 0 values, but its shape [2] needs 2");

    [Test]
    public void Content_in_the_field_of_another_type() => Expect(t =>
    {
        t.RawData = ByteString.Empty;
        t.Int32Data.AddRange([1, 2]);
    }, "holds 0 values");

    [Test]
    public void A_negative_dimension() => Expect(t => t.Dims[0] = -2, "negative dimension: [-2]");

    [Test]
    public void A_shape_beyond_64_bits() => Expect(t => t.Dims.AddRange([1L << 40, 1L << 40]), "too large for any memory");

    [Test]
    public void A_shape_whose_bytes_exceed_64_bits() => Expect(t => t.Dims[0] = long.MaxValue / 2, "too large for any memory");

    [TestCase(0)]
    [TestCase(99)]
    public void An_unknown_element_type(int type) => Expect(t => t.DataType = type, $"element type {type}");

    [Test]
    public void In_an_attribute_too()
    {
        var constant = Node("Constant", [], ["c"], new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = new TensorProto { Name = "t", DataType = 1, Dims = { 5 } },
        });
        var e = Assert.Throws<InvalidModelException>(() => Load(Graph([], ["c"], constant)))!;
        Assert.That(e.Message, Does.Contain("'t'"));
    }

    [Test]
    public void A_zero_size_tensor_is_fine()
    {
        var model = Load(WithTensor(t => (t.Dims[0], t.RawData) = (0, ByteString.Empty)));
        Assert.That(model.Graph.Initializers[0].Initializer!.ElementCount, Is.Zero);
        Assert.That(model.Graph.Initializers[0].Initializer!.AsSpan<float>().Length, Is.Zero);
    }

    [Test]
    public void A_sparse_tensor_without_indices()
    {
        var graph = WithTensor(_ => { });
        graph.SparseInitializer.Add(new SparseTensorProto { Values = Floats("s", 1, 2), Dims = { 9 } });
        Assert.That(() => Load(graph), Throws.TypeOf<InvalidModelException>().With.Message.Contains("lacks its values or its indices"));
    }

    [TestCase(9)]
    [TestCase(-1)]
    public void A_sparse_index_beyond_the_shape(long index)
    {
        var graph = WithTensor(_ => { });
        var indices = new TensorProto { DataType = (int)DataType.Int64, Dims = { 1 }, Int64Data = { index } };
        graph.SparseInitializer.Add(new SparseTensorProto { Values = Floats("s", 1), Indices = indices, Dims = { 9 } });
        Assert.That(() => Load(graph), Throws.TypeOf<InvalidModelException>().With.Message.Contains("indices don't fit"));
    }

    private static void Expect(Action<TensorProto> spoil, string reason)
    {
        var e = Assert.Throws<InvalidModelException>(() => Load(WithTensor(spoil)))!;
        Assert.That(e.Problem, Is.EqualTo(ModelProblem.InvalidTensor));
        Assert.That(e.Message, Does.StartWith("Tensor 'w'").And.Contain(reason));
    }

    private static GraphProto WithTensor(Action<TensorProto> spoil)
    {
        var tensor = Floats("w", 1, 2);
        spoil(tensor);
        return Graph(["x"], ["y"], Node("Add", ["x", "w"], ["y"])).With(tensor);
    }
}
