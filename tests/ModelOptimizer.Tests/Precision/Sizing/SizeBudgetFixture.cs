using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>Small models, data for them, and quantize-weights with a budget.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class SizeBudgetFixture : IDisposable
{
    protected const int Depth = 128;

    private protected DataFolder Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static Diagnostic Missed(OnnxModel model, QuantizeWeightsOptions options, string outputName = "model.onnx") =>
        Assert.Throws<DiagnosticException>(() => Run(model, options, null, outputName: outputName))!.Diagnostics.Single();

    /// <summary>What the message names.</summary>
    protected static long Smallest(Diagnostic missed) =>
        long.Parse(missed.Message.Split(" bytes) is the smallest")[0].Split('(')[^1], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    protected static RewriteLog Run(
        OnnxModel model, QuantizeWeightsOptions options, string? data, DiagnosticBag? diagnostics = null, string outputName = "model.onnx")
    {
        var log = new RewriteLog();
        var calibration = data is null ? null : new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] });
        var context = new PassContext(model, log, PassContexts.Engine, diagnostics ?? new DiagnosticBag())
        {
            Calibration = calibration,
            OutputName = outputName,
        };
        PassRunner.Run(context, [new QuantizeWeights(options)]);
        context.RefreshDeclarations();
        return log;
    }

    protected string Samples(int count = 6, int rows = 150) => Written(Weights.Random(count * rows * Depth, seed: 7), count);

    protected string Written(float[] data, int samples) =>
        Folder.WriteNpz($"{Guid.NewGuid()}.npz", ("x", DataFolder.Floats($"({samples}, {data.Length / samples / Depth}, {Depth})", data)));

    /// <summary>Two layers side by side, one of which counts for a hundredth, and a small one after them.</summary>
    /// <param name="edge">Makes another output of the output.</param>
    protected static OnnxModel Model(Func<GraphBuilder, Value, Value>? edge = null)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var loud = g.Op("MatMul", x, g.Weight("loud", Matrix(Depth, Depth, seed: 1)));
        var (hundredth, second) = (g.Initializer("hundredth", Tensor.Create([], 0.01f)), g.Weight("quiet", Matrix(Depth, Depth, seed: 2)));
        var quiet = g.Op("Mul", g.Op("MatMul", x, second), hundredth);
        var y = g.Op("MatMul", g.Op("Add", loud, quiet), g.Weight("head", Matrix(Depth, 32, seed: 3)));
        g.Output("y", y);
        if (edge is not null)
            g.Output("edge", edge(g, y));
        return g.Build();
    }

    protected static Tensor Matrix(int rows, int columns, int seed) =>
        Tensor.Create([rows, columns], [.. Weights.Random(rows * columns, seed).Select(weight => weight / 20)]);
}
