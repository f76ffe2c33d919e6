using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>A session whose profile lies in a folder of its own until it is read.</summary>
internal sealed class ProfiledSession(OnnxRuntimeSession session, DirectoryInfo folder) : IProfiledSession
{
    private IReadOnlyList<KernelTime>? _times;

    public TimeSpan LoadTime => session.LoadTime;

    public IReadOnlyList<NamedType> Inputs => session.Inputs;

    public IReadOnlyList<NamedType> Outputs => session.Outputs;

    public IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs) => session.Run(inputs);

    public IRuntimeValue Hold(Tensor tensor) => session.Hold(tensor);

    public IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs) => session.Run(inputs);

    public IReadOnlyList<KernelTime> Finish() => _times ??= Read();

    public void Dispose()
    {
        // The runtime writes its profile at the latest when the session ends.
        session.Dispose();
        folder.Delete(recursive: true);
    }

    private IReadOnlyList<KernelTime> Read()
    {
        using var profile = File.OpenRead(session.EndProfiling());
        return RuntimeProfile.Read(profile);
    }
}
