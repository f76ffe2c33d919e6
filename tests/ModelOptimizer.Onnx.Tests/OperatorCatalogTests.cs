using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

public sealed class OperatorCatalogTests
{
    [TestCase("Relu", 1, ExpectedResult = true)]
    [TestCase("RandomUniformLike", 1, ExpectedResult = false)]
    [TestCase("Dropout", 1, ExpectedResult = true)]
    [TestCase("Dropout", 3, ExpectedResult = false)]
    public bool Randomness(string opType, int inputs) =>
        OperatorCatalog.IsDeterministic(First(Node(opType, [.. Enumerable.Repeat("x", inputs)], ["y"])));

    [Test]
    public void Randomness_inside_a_body_counts() => Assert.That(OperatorCatalog.IsDeterministic(First(
        Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["a"], Node("Bernoulli", ["x"], ["a"])))))), Is.False);

    [TestCase("MatMul", 1, 3, ExpectedResult = 2)]
    [TestCase("MatMul", 0, 3, ExpectedResult = 1)]
    [TestCase("Gemm", 1, 2, ExpectedResult = 1)]
    [TestCase("Conv", 1, 4, ExpectedResult = 0)]
    [TestCase("ConvTranspose", 1, 4, ExpectedResult = 1)]
    [TestCase("LSTM", 2, 3, ExpectedResult = 1)]
    public int Channel_axes(string opType, int input, int rank)
    {
        var node = First(Node(opType, ["x", "x", "x"], ["y"]));
        Assert.That(OperatorCatalog.WeightInputs(node).Contains(input));
        return OperatorCatalog.ChannelAxis(node, input, rank);
    }

    [TestCase("FusedMatMul", 1, 0, 3, ExpectedResult = 2)]
    [TestCase("FusedMatMul", 1, 1, 3, ExpectedResult = 1)]
    [TestCase("FusedMatMul", 0, 0, 3, ExpectedResult = 1)]
    [TestCase("FusedMatMul", 0, 1, 3, ExpectedResult = 2)]
    [TestCase("FusedGemm", 1, 0, 2, ExpectedResult = 1)]
    [TestCase("FusedGemm", 1, 1, 2, ExpectedResult = 0)]
    [TestCase("FusedConv", 1, 0, 4, ExpectedResult = 0)]
    [TestCase("EmbedLayerNormalization", 2, 0, 2, ExpectedResult = 0)]
    public int Channel_axes_of_the_runtimes_own_operators(string opType, int input, int transposed, int rank)
    {
        var proto = Node(opType, ["x", "x", "x", "x", "x"], ["y"]);
        proto.Domain = "com.microsoft";
        foreach (var name in new[] { "transA", "transB" })
            proto.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = transposed });
        var node = First(proto);
        Assert.That(OperatorCatalog.WeightInputs(node).Contains(input));
        return OperatorCatalog.ChannelAxis(node, input, rank);
    }

    /// <summary>Stored as [rows, batches, columns], of which rows and columns are what they are without batches.</summary>
    [TestCase(1, 0, ExpectedResult = 2)]
    [TestCase(1, 1, ExpectedResult = 0)]
    [TestCase(0, 0, ExpectedResult = 0)]
    [TestCase(0, 1, ExpectedResult = 2)]
    public int Channel_axes_with_batches_inside(int input, int transposed)
    {
        var proto = Node("FusedMatMul", ["x", "x"], ["y"]);
        proto.Domain = "com.microsoft";
        foreach (var (name, value) in new[] { ("transA", transposed), ("transB", transposed), ("transBatchA", 1), ("transBatchB", 1) })
            proto.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value });
        return OperatorCatalog.ChannelAxis(First(proto), input, rank: 3);
    }

    [Test]
    public void A_transposed_Gemm_has_its_channels_first()
    {
        var transB = new AttributeProto { Name = "transB", Type = AttributeProto.Types.AttributeType.Int, I = 1 };
        Assert.That(OperatorCatalog.ChannelAxis(First(Node("Gemm", ["x", "x"], ["y"], transB)), 1, 2), Is.Zero);
    }

    [Test]
    public void Another_domains_operator_of_the_same_name_has_no_known_weights()
    {
        var node = Node("MatMul", ["x", "x"], ["y"]);
        node.Domain = "custom";
        Assert.That(OperatorCatalog.WeightInputs(First(node)).Length, Is.Zero);
        Assert.That(OperatorCatalog.IsDeterministic(First(node)), Is.False);
    }

    private static Node First(NodeProto node) => Load(Graph(["x"], ["y"], node)).Graph.Nodes.First!;
}
