using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

internal sealed class OnnxRuntimeSession : IInferenceSession
{
    private readonly InferenceSession _session;
    private readonly DirectoryInfo? _scratch;
    private readonly RunOptions _runOptions = new();

    /// <param name="load">Opens the runtime's own session.</param>
    /// <param name="scratch">A folder that goes with the session.</param>
    public static OnnxRuntimeSession Load(Func<InferenceSession> load, DirectoryInfo? scratch)
    {
        var clock = Stopwatch.StartNew();
        return new OnnxRuntimeSession(load(), scratch) { LoadTime = clock.Elapsed };
    }

    private OnnxRuntimeSession(InferenceSession session, DirectoryInfo? scratch)
    {
        _session = session;
        _scratch = scratch;
        Inputs = [.. session.InputNames.Select(name => new NamedType(name, OrtTypes.ToTensorType(session.InputMetadata[name])))];
        Outputs = [.. session.OutputNames.Select(name => new NamedType(name, OrtTypes.ToTensorType(session.OutputMetadata[name])))];
    }

    public required TimeSpan LoadTime { get; init; }

    public IReadOnlyList<NamedType> Inputs { get; }

    public IReadOnlyList<NamedType> Outputs { get; }

    public IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        var values = new Dictionary<string, OrtValue>();
        try
        {
            foreach (var (name, tensor) in inputs)
                values.Add(name, OrtTensors.ToOrtValue(tensor));
            using var outputs = _session.Run(_runOptions, values, _session.OutputNames);
            return [.. outputs.Select(OrtTensors.ToTensor)];
        }
        catch (OnnxRuntimeException e)
        {
            throw new InferenceException(RuntimeMessage.Clean(e.Message), e);
        }
        finally
        {
            foreach (var value in values.Values)
                value.Dispose();
        }
    }

    /// <summary>Ends the taking of times.</summary>
    /// <returns>The file that holds them.</returns>
    public string EndProfiling() => _session.EndProfiling();

    public IRuntimeValue Hold(Tensor tensor) => new OrtRuntimeValue(OrtTensors.ToOrtValue(tensor));

    public IRuntimeValue Lend(Tensor tensor) => LentTensor.Of(tensor);

    public IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs)
    {
        try
        {
            var values = inputs.ToDictionary(input => input.Key, input => ((OrtRuntimeValue)input.Value).Value);
            // The list that holds them is no more than that: each is disposed of by itself.
            return [.. _session.Run(_runOptions, values, _session.OutputNames).Select(value => new OrtRuntimeValue(value))];
        }
        catch (OnnxRuntimeException e)
        {
            throw new InferenceException(RuntimeMessage.Clean(e.Message), e);
        }
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
        _scratch?.Delete(recursive: true);
    }
}
