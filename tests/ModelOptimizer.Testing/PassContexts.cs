using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Testing;

/// <summary>Runs passes outside the optimizer.</summary>
public static class PassContexts
{
    /// <summary>One engine for all tests: it holds no state.</summary>
    public static IInferenceEngine Engine { get; } = new OnnxRuntimeEngine();

    /// <summary>Runs the passes on the model itself and returns what they did.</summary>
    public static RewriteLog Run(OnnxModel model, params IEnumerable<IGraphPass> passes) => Run(model, new DiagnosticBag(), int.MaxValue, passes);

    /// <summary>Runs the passes up to a limit of rewrites. Those that can't do without data see sample inputs.</summary>
    public static RewriteLog Run(OnnxModel model, IDiagnosticSink diagnostics, int limit, params IEnumerable<IGraphPass> passes)
    {
        var (log, list) = (new RewriteLog(limit), passes.ToList());
        using var calibration = list.Exists(pass => pass is ICalibratedPass { RequiresData: true }) ? new SampleCalibration(model) : null;
        PassRunner.Run(new PassContext(model, log, Engine, diagnostics) { Calibration = calibration?.Data }, list);
        return log;
    }
}
