using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Diagnosis;

/// <summary>Counts sessions, and how many of them are open at once.</summary>
internal sealed class CountingEngine(IInferenceEngine engine) : IInferenceEngine
{
    private int _open;

    public bool Refuses { get; init; }

    public int Opened { get; private set; }

    public int MostOpen { get; private set; }

    public string Description => engine.Description;

    public bool CanHold(DataType type) => engine.CanHold(type);

    public IInferenceSession Open(OnnxModel model, SessionSettings settings)
    {
        if (Refuses)
            throw new InferenceException("refused");
        Opened++;
        MostOpen = Math.Max(MostOpen, ++_open);
        return new Session(engine.Open(model, settings), () => _open--);
    }

    public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => engine.OpenProfiled(model, settings);

    public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => engine.Optimize(model, level);

    private sealed class Session(IInferenceSession session, Action close) : IInferenceSession
    {
        public TimeSpan LoadTime => session.LoadTime;

        public IReadOnlyList<NamedType> Inputs => session.Inputs;

        public IReadOnlyList<NamedType> Outputs => session.Outputs;

        public IRuntimeValue Hold(Tensor tensor) => session.Hold(tensor);

        public IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs) => session.Run(inputs);

        public IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs) => session.Run(inputs);

        public void Dispose()
        {
            session.Dispose();
            close();
        }
    }
}
