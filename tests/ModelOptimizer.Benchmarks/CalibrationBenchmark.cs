using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// What calibration costs: time against unfused inference of the same samples with the same outputs on one thread, and peak memory against the
/// number of samples, each in a process of its own.
/// </summary>
internal static class CalibrationBenchmark
{
    private const long Ceiling = 1L << 30;
    private const string Baseline = "inference";
    private static readonly string[] s_models = ["langid-bert", "mnist-pytorch", "ocr-cls", "ocr-rec"];
    private static readonly OnnxRuntimeEngine s_engine = new();

    public static void Measure()
    {
        Console.WriteLine("Time, one thread, against inference with all values as outputs, and what choosing takes on top (median of 5 interleaved rounds)");
        foreach (var name in s_models)
            MeasureTimes(name, samples: name.StartsWith("ocr", StringComparison.Ordinal) ? 4 : 64);
        Console.WriteLine("Peak memory by number of samples, two threads");
        foreach (var (name, calibrator, counts) in new[] { ("langid-bert", "min-max", new[] { 32, 2048 }), ("langid-bert", "percentile", [32, 2048]), ("ocr-det", "min-max", [16]), ("ocr-det", "entropy", [16]) })
            foreach (var count in counts)
                Start(name, calibrator, count);
    }

    /// <summary>One calibration, for a process of its own.</summary>
    public static void RunOne(string name, string calibrator, int samples)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var watch = Stopwatch.StartNew();
        var (slices, _) = Calibrate(model, Samples(name, model, samples), calibrator, threads: 2);
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-14} {calibrator,-12} {samples,5} samples {slices,3} slices {watch.Elapsed.TotalSeconds,8:f1} s  peak {process.PeakWorkingSet64 / 1024.0 / 1024:f0} MiB"));
    }

    private static void Start(string name, string calibrator, int samples)
    {
        using var process = Process.Start(Environment.ProcessPath!, ["calibration", name, calibrator, samples.ToString(CultureInfo.InvariantCulture)]);
        process.WaitForExit();
    }

    private static void MeasureTimes(string name, int samples)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var data = Samples(name, model, samples).ToList();
        var settings = Calibrator.All.Select(calibrator => calibrator.Name).Prepend(Baseline).ToList();
        var times = settings.ToDictionary(setting => setting, _ => new List<double>());
        var choosing = new Dictionary<string, TimeSpan>();
        for (var round = 0; round < 6; round++)
            foreach (var setting in settings)
            {
                var watch = Stopwatch.StartNew();
                if (setting == Baseline)
                    Infer(model, data);
                else
                    choosing[setting] = Calibrate(model, data, setting, threads: 1).Choosing;
                // The first round warms up.
                if (round > 0)
                    times[setting].Add((watch.Elapsed - choosing.GetValueOrDefault(setting)).TotalSeconds);
            }
        var baseline = Median(times[Baseline]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-14} {samples,4} samples {baseline * 1000,8:f0} ms")
            + string.Concat(settings.Skip(1).Select(setting => string.Create(CultureInfo.InvariantCulture, $"  {setting} {Median(times[setting]) / baseline:f2} + {choosing[setting].TotalMilliseconds:f0} ms"))));
    }

    /// <returns>How many slices the model ran in, and how long the calibrator chose, which does not depend on the number of samples.</returns>
    private static (int Slices, TimeSpan Choosing) Calibrate(OnnxModel model, IEnumerable<Sample> samples, string calibrator, int threads)
    {
        var options = new RangeOptions { Calibrator = Calibrator.Find(calibrator)! };
        using var observation = new Observation<RangeObserver>(s_engine, model, Values(model), _ => new RangeObserver(options));
        var (observers, _) = observation.Run(samples, Ceiling, threads, CancellationToken.None);
        var watch = Stopwatch.StartNew();
        GC.KeepAlive(observers.Values.AsParallel().WithDegreeOfParallelism(threads).Select(observer => observer.Range).ToList());
        return (observation.Slices, watch.Elapsed);
    }

    private static void Infer(OnnxModel model, List<Sample> samples)
    {
        var probe = model.Clone(out var copies);
        foreach (var value in Values(model))
            probe.Graph.AddOutput($"probe_{probe.Graph.Outputs.Count}", copies[value]!);
        using var session = s_engine.Open(probe, new SessionSettings(Optimize: false));
        foreach (var sample in samples)
        {
            var held = sample.Inputs.ToDictionary(input => input.Key, input => session.Hold(input.Value));
            foreach (var value in session.Run(held).Concat(held.Values))
                value.Dispose();
        }
    }

    private static List<Value> Values(OnnxModel model) =>
        [.. model.Graph.Nodes.Where(node => node.OpType != "Constant").SelectMany(node => node.Outputs).OfType<Value>()];

    /// <summary>So many samples, those of the model's data over and over; pictures for detection are repeated up to 640×480.</summary>
    private static IEnumerable<Sample> Samples(string name, OnnxModel model, int count)
    {
        var path = SharedModels.Require($"{name}.calib.npz");
        var index = 0;
        while (true)
            foreach (var sample in new DataSet([path], DataRequest.For(model)).Read())
            {
                if (index == count)
                    yield break;
                var inputs = name == "ocr-det" ? sample.Inputs.ToDictionary(input => input.Key, input => Tiled(input.Value, 480, 640)) : sample.Inputs;
                yield return sample with { Inputs = inputs, Index = index++ };
            }
    }

    private static Tensor Tiled(Tensor picture, int height, int width)
    {
        var (channels, rows, columns) = ((int)picture.Dimensions[1], (int)picture.Dimensions[2], (int)picture.Dimensions[3]);
        var source = picture.AsSpan<float>();
        var tiled = new float[channels * height * width];
        for (var c = 0; c < channels; c++)
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                    tiled[(c * height + y) * width + x] = source[(c * rows + y % rows) * columns + x % columns];
        return Tensor.Create([1, channels, height, width], tiled);
    }

    private static double Median(List<double> numbers) => numbers.Order().ElementAt(numbers.Count / 2);
}
