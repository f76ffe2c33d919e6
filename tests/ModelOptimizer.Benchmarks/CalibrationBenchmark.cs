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
/// What calibration costs: the process's own CPU time against unfused inference of the same samples with the same outputs on one thread, and
/// peak memory against the number of samples, each in a process of its own.
/// </summary>
internal static class CalibrationBenchmark
{
    private const long Ceiling = 1L << 30;

    /// <summary>As many as a profile takes that says nothing of <c>samples</c>, but for the slowest model.</summary>
    private static readonly Dictionary<string, int> s_samples = new() { ["langid-bert"] = 256, ["mnist-pytorch"] = 256, ["ocr-cls"] = 256, ["ocr-rec"] = 8 };

    private static readonly OnnxRuntimeEngine s_engine = new();

    public static void Measure()
    {
        Console.WriteLine("CPU time, one thread, against inference with all values as outputs; in brackets what of it chooses ranges (median of 5 interleaved rounds)");
        foreach (var (name, samples) in s_samples)
            MeasureTimes(name, samples);
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
        var calibrators = Calibrator.All.Select(calibrator => calibrator.Name).ToList();
        var baseline = new List<double>();
        var ratios = calibrators.ToDictionary(calibrator => calibrator, _ => new List<(double All, double Choosing)>());
        for (var round = 0; round < 6; round++)
        {
            var inference = CpuSeconds(() => Infer(model, data));
            foreach (var calibrator in calibrators)
            {
                var choosing = 0.0;
                var all = CpuSeconds(() => choosing = Calibrate(model, data, calibrator, threads: 1).Choosing);
                // The first round warms up.
                if (round > 0)
                    ratios[calibrator].Add((all / inference, choosing / inference));
            }
            if (round > 0)
                baseline.Add(inference);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-14} {samples,4} samples {Median(baseline) * 1000,8:f0} ms")
            + string.Concat(ratios.Select(pair => string.Create(CultureInfo.InvariantCulture,
                $"  {pair.Key} {Median(pair.Value.Select(ratio => ratio.All)):f2} ({Median(pair.Value.Select(ratio => ratio.Choosing)):f2})"))));
    }

    private static double CpuSeconds(Action action)
    {
        var before = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    /// <returns>How many slices the model ran in, and the CPU seconds in which the calibrator chose, which do not depend on the number of samples.</returns>
    private static (int Slices, double Choosing) Calibrate(OnnxModel model, IEnumerable<Sample> samples, string calibrator, int threads)
    {
        var options = new RangeOptions { Calibrator = Calibrator.Find(calibrator)! };
        using var observation = new Observation<RangeObserver>(s_engine, model, Values(model), _ => new RangeObserver(options));
        var (observers, _) = observation.Run(samples, Ceiling, threads, CancellationToken.None);
        var choosing = CpuSeconds(() => GC.KeepAlive(observers.Values.AsParallel().WithDegreeOfParallelism(threads).Select(observer => observer.Range).ToList()));
        return (observation.Slices, choosing);
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

    private static double Median(IEnumerable<double> numbers)
    {
        var ordered = numbers.Order().ToList();
        return ordered[ordered.Count / 2];
    }
}
