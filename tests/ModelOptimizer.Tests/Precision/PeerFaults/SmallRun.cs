using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>A small model and what a pass made of it.</summary>
internal sealed record SmallRun(OnnxModel Original, OnnxModel Result, RewriteLog Log)
{
    /// <summary>As many as <see cref="SampleCalibration"/> shows: what lies beyond them may be clipped.</summary>
    private const int Seeds = 2;

    /// <param name="inputs">The only sample for calibration and comparison; made ones when null.</param>
    public static SmallRun Of(OnnxModel model, IGraphPass pass, IReadOnlyDictionary<string, Tensor>? inputs = null)
    {
        var (result, log, diagnostics) = (model.Clone(), new RewriteLog(), new DiagnosticBag());
        using var calibration = new SampleCalibration(model, inputs);
        PassRunner.Run(new PassContext(result, log, PassContexts.Engine, diagnostics) { Calibration = calibration.Data }, pass);
        return new SmallRun(model, OnnxModel.Parse(ModelWriter.ToBytes(result)), log) { Inputs = inputs, Diagnostics = diagnostics.Diagnostics };
    }

    private IReadOnlyDictionary<string, Tensor>? Inputs { get; init; }

    /// <summary>What the pass said.</summary>
    public required IReadOnlyList<Diagnostic> Diagnostics { get; init; }

    public double SizeRatio => (double)ModelWriter.ToBytes(Result).Length / ModelWriter.ToBytes(Original).Length;

    /// <summary>Signal to noise in dB, all outputs together.</summary>
    /// <param name="optimize">Whether the runtime may optimize the models; else they run as written.</param>
    public double Sqnr(bool optimize = true)
    {
        using var before = PassContexts.Engine.Open(Original, new SessionSettings(optimize));
        using var after = PassContexts.Engine.Open(Result, new SessionSettings(optimize));
        var (signal, noise) = (0.0, 0.0);
        foreach (var inputs in Enumerable.Range(0, Inputs is null ? Seeds : 1).Select(seed => Inputs ?? SampleInputs.Make(before.Inputs, seed)))
            foreach (var (x, y) in before.Run(inputs).Zip(after.Run(inputs)).SelectMany(pair => Elements(pair.First!).Zip(Elements(pair.Second!))))
                (signal, noise) = (signal + x * x, noise + (x - y) * (x - y));
        return 10 * Math.Log10(signal / noise);
    }

    private static IEnumerable<double> Elements(Tensor tensor) => tensor.AsSpan<float>().ToArray().Select(element => (double)element);
}
