using Google.Protobuf;
using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Testing;

/// <summary>Calibration data for any model: the sample inputs on which tests compare outputs, as files that live as long as this.</summary>
public sealed class SampleCalibration : IDisposable
{
    private const int Samples = 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("model-opt-calibration-").FullName;

    /// <param name="inputs">The only sample; two made ones when null.</param>
    /// <param name="progress">Told of each run over the samples.</param>
    public SampleCalibration(OnnxModel model, IReadOnlyDictionary<string, Tensor>? inputs = null, IProgress<string>? progress = null)
    {
        var wanted = DataRequest.For(model).Inputs;
        for (var seed = 0; seed < (inputs is null ? Samples : 1); seed++)
            Write(seed, inputs ?? SampleInputs.Make(wanted, seed));
        Data = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [Path.Combine(_folder, "test_data_set_*")] }) { Progress = progress };
    }

    public CalibrationData Data { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(int seed, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, $"test_data_set_{seed}")).FullName;
        foreach (var ((name, tensor), number) in inputs.Select((input, number) => (input, number)))
            File.WriteAllBytes(Path.Combine(folder, $"input_{number}.pb"), tensor.ToInlineProto(name).ToByteArray());
    }
}
