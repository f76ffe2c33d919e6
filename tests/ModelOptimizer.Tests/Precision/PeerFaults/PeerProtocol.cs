using System.Collections.Immutable;
using System.IO.Compression;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>As the peer was measured on real models: ranges from the first samples of the calibration data, quality from the first held-out ones.</summary>
internal static class PeerProtocol
{
    private const int CalibrationSamples = 16;
    private const int HeldOut = 8;

    /// <summary>NumPy's codes of types.</summary>
    private static readonly Dictionary<DataType, string> s_codes = new()
    {
        [DataType.Float] = "'<f4'", [DataType.Int64] = "'<i8'", [DataType.Int32] = "'<i4'", [DataType.UInt8] = "'|u1'", [DataType.Bool] = "'|b1'",
    };

    /// <summary>Signal to noise in dB that a pass leaves of a model, which is simplified first; the test is ignored where the model is not at hand.</summary>
    /// <param name="spread">So many calibration samples spread over all, in the place of the first ones.</param>
    public static double Sqnr(string model, IGraphPass pass, int? spread = null) => Measure(model, pass, spread).Find("sqnr")!.Result;

    /// <summary>The same with the size of the file.</summary>
    public static Measurements Measure(string model, IGraphPass pass, int? spread = null)
    {
        var path = SharedModels.Require($"{model}.onnx");
        var (original, candidate) = (OnnxModel.Load(path), OnnxModel.Load(path));
        using var folder = new DataFolder();
        var all = Path.ChangeExtension(path, ".calib.npz");
        var heldOut = First(HeldOut, Path.ChangeExtension(path, ".eval.npz"), folder["held-out.npz"]);
        var settings = spread is { } samples
            ? new CalibrationSettings { Data = [all], Samples = samples }
            : new CalibrationSettings { Data = [First(CalibrationSamples, all, folder["calibration.npz"])] };
        var context = new PassContext(candidate, new RewriteLog(), PassContexts.Engine, new DiagnosticBag())
        {
            Calibration = new CalibrationData(PassContexts.Engine, settings),
        };
        PassRunner.Run(context, [new Simplify(new()), pass]);
        return new Evaluator(PassContexts.Engine, new DiagnosticBag()).Measure(original, candidate, new EvaluationRequest
        {
            Settings = new EvaluateSettings { Data = [heldOut], Metrics = ["sqnr", "size"] },
        });
    }

    /// <summary>The first rows of all arrays of numbers. A limit of samples would spread them over all that there are.</summary>
    private static string First(int rows, string data, string file)
    {
        using var archive = new NpzFile(data);
        using var first = ZipFile.Open(file, ZipArchiveMode.Create);
        foreach (var array in archive.Arrays.Where(array => s_codes.ContainsKey(array.ElementType)))
        {
            ImmutableArray<long> shape = [Math.Min(rows, array.Length), .. array.Dimensions.Skip(1)];
            using var reader = new RowReader(array);
            using var entry = first.CreateEntry($"{array.Name}.npy", CompressionLevel.NoCompression).Open();
            entry.Write(DataFolder.Npy(s_codes[array.ElementType], $"({string.Join(", ", shape)},)", reader.Read(0, shape[0], shape).Bytes.ToArray()));
        }
        return file;
    }
}
