using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Diagnosis;

/// <summary>Passes without loss lose nothing, whatever they rename, fold and move: none of it may look like a loss.</summary>
[Category("Slow")]
public sealed class RealModelTests
{
    [Test]
    public void What_passes_without_loss_do_is_no_loss(
        [Values("bert-toy", "gpt2-past-toy", "langid-bert", "manllama", "mlsd-tiny", "mnist-cntk", "mnist-pytorch", "ocr-cls", "ocr-det", "ocr-rec",
            "silero-legacy", "silero-v5")] string name,
        [Values] bool fuse)
    {
        var path = SharedModels.Require($"{name}.onnx");
        var (original, candidate) = (OnnxModel.Load(path), OnnxModel.Load(path));
        PassContexts.Run(candidate, new IGraphPass[] { new Simplify(new()) }.Concat(fuse ? [new Fuse(new() { Format = FusionFormat.Contrib })] : []));

        var request = new DiagnosisRequest([Path.ChangeExtension(path, ".calib.npz")]) { Samples = 2 };
        var diagnosis = new Diagnoser(PassContexts.Engine).Run(original, candidate, request);

        var big = diagnosis.Losses.Where(_ => diagnosis.AreBig).Select(loss => $"{loss.Node}: {loss.SqnrBefore:f0} → {loss.SqnrAfter:f0} dB");
        Assert.That(big, Is.Empty);
        var ran = diagnosis.Values - diagnosis.Uncompared.Where(values => values.Why.StartsWith("no sample took", StringComparison.Ordinal)).Sum(values => values.Count);
        Assert.That(diagnosis.Compared, Has.Count.GreaterThan(0.15 * ran), "what is fused has fewer values, but not nothing was compared");
    }
}
