using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class CompleteAttentionTests
{
    private static readonly BertSize Size = new(Layers: 2, Heads: 2, Size: 4);
    private static readonly CompleteAttention Pass = new();

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

    /// <summary>Normalizations as the runtime knows them, products without biases.</summary>
    private static OnnxModel Bare(int opset)
    {
        var model = BertFixture.Build(opset, Size, isTrained: false);
        PassContexts.Run(model, new Simplify(new SimplifyOptions()), new CompleteLayerNormalization());
        return model;
    }

    private static int Adds(OnnxModel model) => GraphWalker.Nodes(model).Count(node => node.Is("Add"));

    private static Dictionary<string, Tensor> Inputs() => new()
    {
        ["input_ids"] = Tensor.Create([2, 3], 1L, 7, 30, 0, 4, 9),
        ["token_type_ids"] = Tensor.Create([2, 3], 0L, 1, 1, 0, 0, 1),
        ["attention_mask"] = Tensor.Create([2, 3], 1L, 1, 1, 1, 1, 0),
    };
}
