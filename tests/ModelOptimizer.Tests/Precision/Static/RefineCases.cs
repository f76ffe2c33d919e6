using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Small models whose data chooses among the forms of a quantized model.</summary>
public abstract class RefineCases : IDisposable
{
    private const int Depth = 16;

    private protected readonly DataFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected sealed record Refined(OnnxModel Model, CalibrationData Calibration, RewriteLog Log, IReadOnlyList<string> Words)
    {
        public IReadOnlyList<string> Warnings { get; init; } = [];

        public string? Choice => Calibration.ToFile()!.Sections.SingleOrDefault(section => section.Choice is not null)?.Choice;

        /// <summary>Of the file.</summary>
        public byte[] Bytes => ModelWriter.ToBytes(Model);
    }

    /// <summary>A model whose data chooses the form.</summary>
    private protected Refined Case(string form, CalibrationSettings? settings = null, int threads = 2) => form == "biases"
        ? Quantize(settings ?? Rows(16, _ => 1), threads: threads)
        : Quantize(settings ?? Pictures(16), Convolution(), threads: threads, activations: ActivationType.UInt16);

    private protected static Refined Quantize(
        CalibrationSettings settings, OnnxModel? model = null, bool refine = true, int threads = 2, ISelectionFilter? filter = null,
        ActivationType activations = ActivationType.UInt8, Func<QuantizeStaticOptions, QuantizeStaticOptions>? change = null)
    {
        using var limit = Cores.Limit(threads);
        model ??= Product((_, y) => y);
        var diagnostics = new DiagnosticBag();
        var calibration = new CalibrationData(PassContexts.Engine, settings) { Threads = threads, Diagnostics = diagnostics };
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, diagnostics) { Calibration = calibration };
        calibration.Begin("quantize-static", 0);
        var options = new QuantizeStaticOptions { Prefer = Preference.Size, Refine = refine, Filter = filter, Activations = activations };
        PassRunner.Run(context, [new QuantizeStatic(change?.Invoke(options) ?? options)]);
        return new(model, calibration, context.Log, [.. diagnostics.Diagnostics.Where(said => said.Code == "MO4044").Select(said => said.Message)])
        {
            Warnings = [.. diagnostics.Diagnostics.Where(said => said.Severity == Severity.Warning).Select(said => $"{said.Code} {said.Message}")],
        };
    }

    private protected static double Noise(OnnxModel result, CalibrationSettings settings, OnnxModel? original = null)
    {
        original ??= Product((_, y) => y);
        return new ModelOptimizer.Evaluation.Gauging.OutputNoise(
            PassContexts.Engine, original, new CalibrationData(PassContexts.Engine, settings).Samples(original)).Of(result);
    }

    private protected CalibrationSettings WithRanges() => new() { Ranges = _folder["m.ranges.json"] };

    /// <summary>Each channel near a number of its own, with a sign for each sample.</summary>
    private protected CalibrationSettings Rows(int samples, Func<int, double> sign) => WithData(Enumerable.Range(0, samples).Select(sample =>
    {
        var noise = Tests.Quantization.Weights.Random(3 * Depth, sample + 50);
        return JsonSerializer.Serialize(new
        {
            x = noise.Chunk(Depth).Select(row => row.Select((element, k) => sign(sample) * (1 + k % 3 + element / 10))),
        });
    }));

    private protected CalibrationSettings Pictures(int samples) => WithData(Enumerable.Range(0, samples).Select(sample =>
    {
        var noise = Tests.Quantization.Weights.Random(StaticModels.Channels * 36, sample + 50);
        return JsonSerializer.Serialize(new { x = new[] { noise.Chunk(36).Select(channel => channel.Chunk(6)) } });
    }));

    private protected CalibrationSettings WithData(IEnumerable<string> lines) => new() { Data = [Calibrations.WriteLines(_folder, lines)] };

    private protected static OnnxModel Product(Func<GraphBuilder, Value, Value> then)
    {
        var g = new GraphBuilder();
        var bias = g.Weight("b", Tensor.Create([12], Tests.Quantization.Weights.Random(12)));
        var y = g.Op("Gemm", g.Input("x", StaticModels.Rows), g.Weight("w", StaticModels.Matrix(Depth, 12)), bias);
        y.Name = "y";
        g.Output("out", then(g, y));
        return g.Build();
    }

    private protected static OnnxModel Convolution()
    {
        var g = new GraphBuilder();
        g.Output("y", StaticModels.Conv(g, g.Input("x", StaticModels.Picture)));
        return g.Build();
    }
}
