using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Passes;

public sealed class NodeSelectorTests
{
    private OnnxModel _model = null!;
    private Node _node = null!;
    private Value _weight = null!;

    [SetUp]
    public void One_MatMul()
    {
        // An empty model: IR version 8, opset 17, a graph without nodes.
        _model = OnnxModel.Parse([0x08, 0x08, 0x3A, 0x00, 0x42, 0x02, 0x10, 0x11]);
        _weight = _model.Graph.AddInitializer("encoder.0.weight", Tensor.Create(DataType.Float, [1, 1], new[] { 1f }));
        _node = _model.Graph.InsertFirst("MatMul", [_weight, _weight], name: "/encoder/layer.0/MatMul");
    }

    [TestCase("/encoder/*")]
    [TestCase("*")]
    [TestCase("**/MatMul")]
    [TestCase("/encoder/layer.?/MatMul")]
    [TestCase("/encoder/layer.0/MatMul")]
    [TestCase("encoder.0.weight")]
    [TestCase("encoder.*")]
    public void Include_matches_the_name_of_node_or_weight(string glob) => Assert.That(Selects(new Selection { Include = [glob] }));

    [TestCase("encoder")]
    [TestCase("/encoder/")]
    [TestCase("/Encoder/*")]
    [TestCase("/encoder/layerX0/MatMul")]
    [TestCase("/encoder/layer.?MatMul?")]
    [TestCase("[a-z]*")]
    public void Include_is_anchored_and_literal_but_for_its_wildcards(string glob) =>
        Assert.That(Selects(new Selection { Include = [glob] }), Is.False);

    [Test]
    public void Exclude_wins_over_include() =>
        Assert.That(Reason(new Selection { Include = ["*"], Exclude = ["/other/*", "/encoder/*"] }), Is.EqualTo("exclude has '/encoder/*'"));

    [Test]
    public void Operators_choose_too()
    {
        Assert.That(Selects(new Selection { Operators = ["Gemm", "MatMul"] }));
        Assert.That(Reason(new Selection { Operators = ["Gemm"] }), Is.EqualTo("operators does not name MatMul"));
        Assert.That(Reason(new Selection { ExcludeOperators = ["MatMul"] }), Is.EqualTo("exclude-operators names MatMul"));
    }

    [Test]
    public void Nothing_said_selects_everything() => Assert.That(Selects(new Selection()));

    [Test]
    public void What_meets_nothing_is_told()
    {
        var selection = new Selection { Include = ["/encoder/*", "/head/*"], Exclude = ["*.bias", "*.weight"], Operators = ["MatMul", "Matmul"] };
        Assert.That(new NodeSelector(selection).Unmatched(_model), Is.EqualTo(new[] { "/head/*", "*.bias", "Matmul" }));
    }

    private bool Selects(Selection selection) => new NodeSelector(selection).Selects(_node, _weight);

    private string? Reason(Selection selection) => new NodeSelector(selection).Refusal(_node, _weight);

    private sealed record Selection : SelectionOptions;
}
