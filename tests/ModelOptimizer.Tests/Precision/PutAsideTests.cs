using System.Runtime.CompilerServices;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>What passes put aside, they don't hold in memory as well.</summary>
public sealed class PutAsideTests
{
    private const int Size = 300;

    [Test]
    public void Scaled_weights_are_not_held()
    {
        var model = Model();
        var writer = new ScaleWriter(model);
        Write(model, writer, factor: 2);
        Write(model, writer, factor: 3);

        Assert.That(model.HeldTwice(), Is.Zero);
        GC.KeepAlive(writer);
        var written = model.Graph.Nodes.First().Input(1)!.Constant!;
        Assert.That(written.AsSpan<float>()[5], Is.EqualTo(3 * Weights.Random(Size * Size)[5]));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Write(OnnxModel model, ScaleWriter writer, float factor) =>
            writer.Write([new ScaledConstant(model.Graph.Nodes.First(), 1, Matrix(factor))]);
    }

    [Test]
    public void Weights_scaled_alike_share_what_was_put_aside()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var (x, weight) = (g.Input("x", DataType.Float, 3, Size), g.Initializer("w", Matrix(1)));
        g.Output("y", g.Op("MatMul", x, weight));
        g.Output("z", g.Op("MatMul", x, weight));
        var model = g.Build().PuttingAllAside();

        new ScaleWriter(model).Write([.. model.Graph.Nodes.Select(node => new ScaledConstant(node, 1, Matrix(2)))]);

        Assert.That(model.Graph.Nodes.First().Input(1), Is.SameAs(model.Graph.Nodes.Last().Input(1)));
    }

    [Test]
    public void Halves_are_not_held()
    {
        var model = Model();
        var constants = new HalfConstants(model, DataType.Float16);
        Convert(model, constants);

        Assert.That(model.HeldTwice(), Is.Zero);
        GC.KeepAlive(constants);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Convert(OnnxModel model, HalfConstants constants)
        {
            var weight = model.Graph.Nodes.First().Input(1)!;
            constants.Of(weight);
            var fitted = constants.Scaled(weight.Constant!).Rounded.Content;
            Assert.That(fitted, Is.SameAs(model.PutAside(fitted)), "it was put aside already");
        }
    }

    [Test]
    public void Codes_of_kernels_and_the_nearest_ones_are_not_held()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var kernel = Tensor.Create([128, 128, 3, 3], Weights.Random(128 * 128 * 9));
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 128, 6, 6), g.Initializer("w", kernel)));
        var model = g.Build().PuttingAllAside();
        var pairs = new WeightPairs(new QdqConstants(model), new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()));
        var stored = Store(model, pairs);

        Assert.That(pairs.Balanced, Has.Count.EqualTo(1));
        Assert.That(pairs.Balanced[0].Nearest, Is.SameAs(model.PutAside(pairs.Balanced[0].Nearest)), "it was put aside already");
        Assert.That(model.HeldTwice(), Is.Zero);
        Assert.That(stored.Tensor.Codes, Is.SameAs(stored.Codes.Constant));
        GC.KeepAlive(pairs);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static StoredWeight Store(OnnxModel model, WeightPairs pairs) => pairs.Store(
            model.Graph.Nodes.First().Input(1)!, AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: false), 0, 1,
            new KernelRounding(null), _ => null);
    }

    /// <summary>Without a hold a collection between two tiles has the file read again.</summary>
    [Test]
    public void Blocks_of_a_weight_are_read_from_the_file_once()
    {
        var weight = WeightMatrix.OfRows(Scratch.PutAside(Matrix(1), out var reads));
        var blocks = 0;
        using var limit = Cores.Limit(1);
        using var quantized = RoundToNearest.Quantize(weight, new WeightGrid(4, true), 64, Round);

        Assert.That(quantized!.Codes[..64].ToArray().Distinct().Count(), Is.GreaterThan(5));
        Assert.That(reads(), Is.EqualTo(1));

        void Round(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
        {
            if (blocks++ % 200 == 199)
                GC.Collect();
            for (var i = 0; i < codes.Length; i++)
                codes[i] = (byte)Math.Clamp(MathF.Round(weights[i] / scale.Scale) + scale.ZeroPoint, 0, maxCode);
        }
    }

    [Test]
    public void That_nothing_can_be_put_aside_is_told_once()
    {
        var missing = Path.Combine(Path.GetTempPath(), $"model-opt-{Guid.NewGuid():n}");
        var (model, diagnostics) = (Model().PuttingAllAside(missing), new DiagnosticBag());
        PassContexts.Run(model, diagnostics, int.MaxValue, new QuantizeWeights(new()), new QuantizeWeights(new()));

        var told = diagnostics.Diagnostics.Where(diagnostic => diagnostic.Code == "MO7004").ToList();
        Assert.That(told, Has.Count.EqualTo(1));
        Assert.That(told[0].Message, Does.Contain($"{missing} (No such folder)").And.Contain("Set TMPDIR"));
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, Size), g.Initializer("w", Matrix(1))));
        return g.Build().PuttingAllAside();
    }

    private static Tensor Matrix(float factor) =>
        Tensor.Create([Size, Size], Array.ConvertAll(Weights.Random(Size * Size), weight => factor * weight));
}
