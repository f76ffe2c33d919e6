using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>As the peer was measured on real models: ranges from the first samples of the calibration data, quality from the first held-out ones.</summary>
internal static class PeerProtocol
{
    private const int CalibrationSamples = 16;
    private const int HeldOut = 8;

    /// <summary>Signal to noise in dB that a pass leaves of a model, which is simplified first; the test is ignored where the model is not at hand.</summary>
    public static double Sqnr(string model, IGraphPass pass) => Measure(model, pass).Find("sqnr")!.Result;

    /// <summary>The same with the size of the file.</summary>
    public static Measurements Measure(string model, IGraphPass pass)
    {
        var path = SharedModels.Require($"{model}.onnx");
        var (original, candidate) = (OnnxModel.Load(path), OnnxModel.Load(path));
        var settings = new CalibrationSettings { Data = [Path.ChangeExtension(path, ".calib.npz")], Samples = CalibrationSamples };
        var context = new PassContext(candidate, new RewriteLog(), PassContexts.Engine, new DiagnosticBag())
        {
            Calibration = new CalibrationData(PassContexts.Engine, settings),
        };
        PassRunner.Run(context, [new Simplify(new()), pass]);
        return new Evaluator(PassContexts.Engine, new DiagnosticBag()).Measure(original, candidate, new EvaluationRequest
        {
            Settings = new EvaluateSettings { Data = [Path.ChangeExtension(path, ".eval.npz")], Metrics = ["sqnr", "size"] },
            Limit = HeldOut,
        });
    }
}
