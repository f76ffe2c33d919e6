using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision;

public sealed class RealModelTests
{
    [Test]
    public void Int8_weights_of_a_transformer_load_and_shrink_the_file_to_a_third()
    {
        var path = SharedModels.Require("langid-bert.onnx");
        var model = OnnxModel.Load(path);

        PassContexts.Run(model, new QuantizeWeights(new QuantizeWeightsOptions()));

        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThan(new FileInfo(path).Length / 3));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new SessionSettings()).Dispose());
    }
}
