using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Calibration;

/// <summary>
/// Ranges that ONNX Runtime's Python quantizer found on real models. Its min-max ranges must be ours, too. Its entropy and percentile ranges are
/// to be beaten: asymmetric 8 bits make a smaller error with ours, or for percentile with ours by mse, as the mean SQNR over all values that it
/// calibrated, measured on every element of the same samples.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OracleTests : IDisposable
{
    private const int Samples = 64;

    private readonly DataFolder _folder = new();
    private int _files;

    public void Dispose() => _folder.Dispose();

    [TestCase("mnist-pytorch")]
    [TestCase("langid-bert")]
    public void Min_max_agrees(string name)
    {
        var (model, values, oracle) = Load(name, "minmax");
        var ranges = Calibrate(name).Ranges(model, values, new RangeOptions());

        Assert.That(ranges, Has.Count.EqualTo(oracle.Count));
        foreach (var (value, expected) in values.Select(value => (value, oracle[value.Name])))
        {
            Assert.That(ranges[value].Low, Is.EqualTo(expected.Low).Within(1e-6f * MathF.Abs(expected.Low) + 1e-7f), value.Name);
            Assert.That(ranges[value].High, Is.EqualTo(expected.High).Within(1e-6f * MathF.Abs(expected.High) + 1e-7f), value.Name);
        }
    }

    [TestCase("mnist-pytorch", "entropy")]
    [TestCase("mnist-pytorch", "percentile")]
    [TestCase("langid-bert", "entropy")]
    [TestCase("langid-bert", "percentile")]
    public void Entropy_and_percentile_are_beaten_at_equal_bits(string name, string calibrator)
    {
        var (model, values, oracle) = Load(name, calibrator);
        var calibration = Calibrate(name);
        // The percentile of the oracle.
        var options = new RangeOptions { Calibrator = Calibrator.Find(calibrator)!, Percentile = 99.999 };
        var ranges = calibration.Ranges(model, values, options);
        var mse = calibration.Ranges(model, values, options with { Calibrator = Calibrator.Mse });
        var errors = calibration.Observe(model, values, value => new Errors(Grid(ranges[value]), Grid(oracle[value.Name]), Grid(mse[value])));

        var varied = errors.Values.Where(error => error.Energy > 0 && error.Sums.All(sum => sum > 0)).ToList();
        var (ours, theirs, best) = (Mean(varied, 0), Mean(varied, 1), Mean(varied, 2));
        TestContext.Out.WriteLine($"{name} {calibrator}: ours {ours:f3} dB, oracle {theirs:f3} dB, mse {best:f3} dB on {varied.Count} values");

        // Percentiles differ in how an end is rounded to a bin only.
        Assert.That(ours, Is.GreaterThan(theirs - (calibrator == "percentile" ? 0.05 : 0)));
        Assert.That(best, Is.GreaterThan(theirs));
        Assert.That(best, Is.GreaterThanOrEqualTo(ours));
        Assert.That(varied, Has.Count.GreaterThan(values.Count / 2));

        static double Mean(List<Errors> errors, int index) => errors.Average(error => 10 * Math.Log10(error.Energy / error.Sums[index]));
    }

    [Test]
    public void Entropy_differs_from_min_max_where_the_oracle_does_not()
    {
        var (model, values, oracle) = Load("langid-bert", "entropy");
        var minMax = Read("langid-bert", "minmax");
        var ours = Calibrate("langid-bert").Ranges(model, values, new RangeOptions { Calibrator = Calibrator.Entropy });

        var theyDiffer = values.Count(value => oracle[value.Name] != minMax[value.Name]);
        var weDiffer = values.Count(value => ours[value].High < 0.98f * minMax[value.Name].High || ours[value].Low > 0.98f * minMax[value.Name].Low && ours[value].Low < 0);

        Assert.That(weDiffer, Is.GreaterThan(values.Count / 10));
        Assert.That(weDiffer, Is.GreaterThan(theyDiffer));
    }

    private static QuantizationGrid Grid(ValueRange range) => QuantizationGrid.Of(range.Low, range.High, bits: 8, symmetric: false);

    /// <summary>On the rows that the oracle saw, which are the first ones.</summary>
    private CalibrationData Calibrate(string name)
    {
        var request = DataRequest.For(OnnxModel.Load(SharedModels.Require($"{name}.onnx")));
        var samples = new DataSet([Path.Combine(SharedModels.Folder!, $"{name}.calib.npz")], request).Read().Take(Samples).ToList();
        return Calibrations.Of(_folder.WriteNpz($"{name}.{_files++}.npz", [.. request.Inputs.Select(input => (input.Name, Rows(samples, input.Name)))]));
    }

    private static byte[] Rows(List<Sample> samples, string input)
    {
        var rows = samples.ConvertAll(sample => sample.Inputs[input]);
        var shape = $"({rows.Count}, {string.Join(", ", rows[0].Dimensions.Skip(1))},)";
        return rows[0].ElementType == DataType.Int64
            ? DataFolder.Longs(shape, [.. rows.SelectMany(row => row.ToInt64s())])
            : DataFolder.Floats(shape, [.. rows.SelectMany(row => row.ToFloats())]);
    }

    private static (OnnxModel Model, List<Value> Values, Dictionary<string, ValueRange> Oracle) Load(string name, string method)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var oracle = Read(name, method);
        return (model, [.. model.Graph.Inputs.Concat(model.Graph.MadeValues).Where(value => oracle.ContainsKey(value.Name))], oracle);
    }

    private static Dictionary<string, ValueRange> Read(string name, string method)
    {
        var path = Path.Combine(SharedModels.Folder ?? "", "..", "oracles", $"{name}.ranges.{method}.json");
        if (!File.Exists(path))
            Assert.Ignore($"{Path.GetFileName(path)} is not at hand");
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        return json.RootElement.GetProperty("ranges").EnumerateObject().ToDictionary(
            entry => entry.Name, entry => new ValueRange((float)entry.Value[0].GetDouble(), (float)entry.Value[1].GetDouble()));
    }

    /// <summary>Sums of squared errors on several grids, and of the squares themselves.</summary>
    private sealed class Errors(params QuantizationGrid[] grids) : ModelOptimizer.Calibration.IObserver<Errors>
    {
        public double[] Sums { get; } = new double[grids.Length];

        public double Energy { get; private set; }

        public void Observe(Tensor value)
        {
            foreach (var x in value.ToFloats())
            {
                Energy += (double)x * x;
                for (var i = 0; i < grids.Length; i++)
                {
                    var near = Math.Clamp(Math.Round(x / grids[i].Scale) * grids[i].Scale, grids[i].Low, grids[i].High);
                    Sums[i] += (x - near) * (x - near);
                }
            }
        }

        public void Merge(Errors later)
        {
            Energy += later.Energy;
            for (var i = 0; i < Sums.Length; i++)
                Sums[i] += later.Sums[i];
        }
    }
}
