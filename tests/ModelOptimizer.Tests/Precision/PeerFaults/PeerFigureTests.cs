using ModelOptimizer.Passes;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>Real models are at least as close to the original as the peer leaves them, at its best setting of each kind.</summary>
[Category("Slow")]
public sealed class PeerFigureTests
{
    /// <summary>Measured 39.3 dB; rounding each weight to nearest left 37.6. The peer: MatMul picked by hand.</summary>
    [Test]
    public void Dynamic_products_of_a_text_recognizer() =>
        Assert.That(PeerProtocol.Sqnr("ocr-rec", new QuantizeDynamic(new())), Is.GreaterThan(38.76));
}
