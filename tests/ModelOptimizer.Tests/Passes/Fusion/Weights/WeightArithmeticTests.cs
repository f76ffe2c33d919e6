using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion.Weights;

public sealed class WeightArithmeticTests
{
    /// <summary>The head of a language model may be as large: no array of bytes holds what it would become.</summary>
    [Test]
    public void What_would_take_two_GiB_is_refused_before_it_is_read()
    {
        var weight = UnreadTensor.Create(DataType.Float, 4096, 1 << 17);

        Assert.That(WeightArithmetic.Scale(weight, new WeightLayout(4096, 1 << 17, 1, RowsAreOutputs: false), [1], [1]).Refusal, Does.StartWith("float[4096,131072] takes 2 GiB or more"));
    }
}
