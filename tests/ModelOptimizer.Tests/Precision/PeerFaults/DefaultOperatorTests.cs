using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>
/// Fault 7 of the quantizer that comes with ONNX Runtime's Python package: by default it quantizes whatever it can, and loses up to 27 dB against
/// operators picked by hand. Here the default must be the good choice.
/// </summary>
[Category("Slow")]
public sealed class DefaultOperatorTests
{
    private const int CalibrationSamples = 16;
    private const int HeldOut = 8;

    /// <summary>Rounding more or fewer values is luck to such a degree.</summary>
    private const double Luck = 0.5;

    /// <param name="model">The model, with real data.</param>
    /// <param name="least">A little below what was measured, in dB.</param>
    [TestCase("ocr-det", 11)]
    [TestCase("ocr-rec", 8)]
    [TestCase("langid-bert", 20)]
    [TestCase("mnist-pytorch", 35)]
    public void Fault_7_the_operators_chosen_by_default_are_at_least_as_good_as_those_picked_by_hand(string model, double least)
    {
        var path = SharedModels.Require($"{model}.onnx");

        var chosen = Sqnr(path, new());
        var picked = Sqnr(path, new() { Operators = ["Conv", "MatMul", "Gemm"] });

        Assert.That(chosen, Is.GreaterThan(Math.Max(least, picked - Luck)));
    }

    private static double Sqnr(string path, QuantizeStaticOptions options)
    {
        var (original, candidate) = (OnnxModel.Load(path), OnnxModel.Load(path));
        var data = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [Path.ChangeExtension(path, ".calib.npz")], Samples = CalibrationSamples });
        var context = new PassContext(candidate, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = data };
        PassRunner.Run(context, [new Simplify(new()), new QuantizeStatic(options)]);
        return new Evaluator(PassContexts.Engine, new DiagnosticBag()).Measure(original, candidate, new EvaluationRequest
        {
            Settings = new EvaluateSettings { Data = [Path.ChangeExtension(path, ".eval.npz")], Metrics = ["sqnr"] },
            Limit = HeldOut,
        }).Find("sqnr")!.Result;
    }
}
