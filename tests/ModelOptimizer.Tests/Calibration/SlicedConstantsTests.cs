using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Calibration;

/// <summary>Weights that lie in files are in memory while they are read, and not all at once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SlicedConstantsTests : IDisposable
{
    /// <summary>Of two matrices one is more than may stay in memory, so that of an odd number one is left.</summary>
    private const int Width = 2300;

    private const int Layers = 5;
    private const long Bytes = sizeof(float) * Width * Width;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("model-opt-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Test]
    public void Large_constants_are_cut_apart()
    {
        var model = Stack(Layers);
        using var observation = Observe(model, () => 0);

        observation.Run([Sample], 1L << 32, threads: 1, default);

        Assert.That(observation.Slices, Is.EqualTo(Layers));
    }

    [Test, Platform("Linux")]
    public void What_was_read_is_let_go()
    {
        var path = Path.Combine(_folder.FullName, "m.onnx");
        ModelWriter.Save(Stack(Layers), path, new SaveOptions { ExternalData = ExternalDataMode.Always });
        using var observation = Observe(OnnxModel.Load(path), () => Resident($"{path}.data"));

        var (observers, _) = observation.Run([Sample], 1L << 32, threads: 1, default);

        Assert.That(observers.Values.Single().Seen, Is.InRange(Bytes / 2, 2 * Bytes + (1 << 20)));
    }

    [Test, Platform("Linux")]
    public void What_was_put_aside_is_read_where_it_lies()
    {
        var model = OnnxModel.Create(irVersion: 8, new Dictionary<string, long> { [""] = 17 }).PuttingAllAside();
        Stack(model, Layers);
        using var observation = Observe(model, () => Resident(".scratch (deleted)"));

        var (observers, _) = observation.Run([Sample], 1L << 32, threads: 1, default);

        Assert.That(observers.Values.Single().Seen, Is.InRange(Bytes / 2, 2 * Bytes + (1 << 20)));
    }

    private static Observation<Watch> Observe(OnnxModel model, Func<long> watch) =>
        new(PassContexts.Engine, model, [model.Graph.Outputs[0].Value], _ => new Watch(watch));

    private static Sample Sample => Calibrations.Sample(0, ("x", Tensor.Create([1, Width], new float[Width])));

    private static OnnxModel Stack(int layers) => Stack(OnnxModel.Create(irVersion: 8, new Dictionary<string, long> { [""] = 17 }), layers);

    private static OnnxModel Stack(OnnxModel model, int layers)
    {
        var value = model.Graph.AddInput("x", new TensorType(DataType.Float, Shape.Of(1, Width)));
        for (var i = 0; i < layers; i++)
        {
            var weight = Tensor.Create([Width, Width], [.. Enumerable.Repeat(0.001f * (i + 1), Width * Width)]);
            value = model.Graph.Insert(null, "MatMul", [value, model.Graph.AddInitializer($"w{i}", model.PutAside(weight))]).Output();
        }
        model.Graph.AddOutput("y", value);
        return model;
    }

    /// <summary>Bytes in memory of the files whose names end like that.</summary>
    private static long Resident(string name)
    {
        var lines = File.ReadAllLines("/proc/self/smaps");
        return lines.Index().Where(line => line.Item.EndsWith(name, StringComparison.Ordinal))
            .Select(line => lines.Skip(line.Index).First(field => field.StartsWith("Rss:", StringComparison.Ordinal)))
            .Sum(rss => 1024 * long.Parse(rss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }

    private sealed class Watch(Func<long> watch) : ModelOptimizer.Calibration.IObserver<Watch>
    {
        public long Seen { get; private set; }

        public void Observe(Tensor value) => Seen = Math.Max(Seen, watch());

        public void Observe(Tensor value, Sample sample) => Observe(value);

        public void Merge(Watch later) => Seen = Math.Max(Seen, later.Seen);
    }
}
