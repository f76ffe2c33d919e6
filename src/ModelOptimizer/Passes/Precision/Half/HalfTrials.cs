using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Writes decisions into copies of a model and measures, on a few calibration samples, what noise they leave at its outputs.</summary>
internal sealed class HalfTrials
{
    /// <summary>Spread evenly over the data. Noise of constants differs little from sample to sample.</summary>
    private const int Samples = 8;

    /// <summary>Bytes of weights that models measured side by side may hold together.</summary>
    private const long Ceiling = 1L << 30;

    private readonly ConvertFloat16Options _options;
    private readonly NodeSelector _selector;
    private readonly HalfConstants _constants;
    private readonly PassContext _context;
    private readonly OutputNoise _noise;

    /// <param name="context">Of the model, with calibration data; the model stays as it is.</param>
    public HalfTrials(ConvertFloat16Options options, NodeSelector selector, HalfConstants constants, PassContext context)
    {
        (_options, _selector, _constants, _context) = (options, selector, constants, context);
        _noise = new OutputNoise(context.Engine, context.Model, context.Calibration!.Samples(context.Model, Samples),
            cancellation: context.Calibration.Cancellation);
    }

    /// <summary>How many models may be measured side by side.</summary>
    public int AtOnce => SideBySide.Fitting(_context.Model, Ceiling);

    /// <summary>A copy of the model as it would become, stored constants included.</summary>
    public OnnxModel Write(HalfGraph decided)
    {
        var copy = HalfRehearsal.Write(_context.Model, decided, _constants);
        var silent = new PassContext(copy, new RewriteLog(), _context.Engine, new DiagnosticBag());
        new HalfStorage(_options, _selector, _constants.For(copy), silent).Run();
        return copy;
    }

    /// <inheritdoc cref="OutputNoise.Of"/>
    public double Noise(OnnxModel copy) => _noise.Of(copy);
}
