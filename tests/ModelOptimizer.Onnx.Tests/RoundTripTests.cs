using ModelOptimizer.Onnx.Protos;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Onnx.Tests;

public sealed class RoundTripTests
{
    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_comes_back_message_equal(string path)
    {
        var original = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var model = OnnxModel.Load(path);

        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.That(MessageDiff.First(original, ModelWriter.ToProto(model)), Is.Null);
        Assert.That(MessageDiff.First(original, ModelWriter.ToProto(model.Clone())), Is.Null, "clone");
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void An_unchanged_model_does_not_grow(string path) =>
        Assert.That(ModelWriter.ToBytes(OnnxModel.Load(path)), Has.Length.LessThanOrEqualTo(new FileInfo(path).Length));
}
