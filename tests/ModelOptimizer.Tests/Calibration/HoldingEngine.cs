using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Calibration;

/// <summary>Counts the bytes of values that sessions handed out and nobody has disposed of yet.</summary>
internal sealed class HoldingEngine : IInferenceEngine
{
    private long _held;

    public long MostHeld { get; set; }

    /// <summary>Bytes held at the moment.</summary>
    public long Held => _held;

    /// <summary>Bytes of initializers that sessions opened so far hold.</summary>
    public long Constants { get; private set; }

    /// <summary>Values that each session gives, in the order of their opening.</summary>
    public List<int> Outputs { get; } = [];

    public string Description => "holding";

    public bool CanHold(DataType type) => PassContexts.Engine.CanHold(type);

    public IInferenceSession Open(OnnxModel model, SessionSettings settings)
    {
        Outputs.Add(model.Graph.Outputs.Count);
        Constants += model.Graph.Initializers.Sum(value => value.Initializer!.ByteCount);
        return new Session(PassContexts.Engine.Open(model, settings), Hold);
    }

    public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => PassContexts.Engine.OpenProfiled(model, settings);

    public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => PassContexts.Engine.Optimize(model, level);

    private HeldValue Hold(IRuntimeValue value)
    {
        MostHeld = Math.Max(MostHeld, _held += value.Tensor?.ByteCount ?? 0);
        return new HeldValue(value, bytes => _held -= bytes);
    }

    private sealed class Session(IInferenceSession session, Func<IRuntimeValue, HeldValue> hold) : IInferenceSession
    {
        public TimeSpan LoadTime => session.LoadTime;

        public IReadOnlyList<NamedType> Inputs => session.Inputs;

        public IReadOnlyList<NamedType> Outputs => session.Outputs;

        public IRuntimeValue Hold(Tensor tensor) => hold(session.Hold(tensor));

        public IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs) =>
            [.. session.Run(inputs.ToDictionary(input => input.Key, input => ((HeldValue)input.Value).Value)).Select(hold)];

        public IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs) => session.Run(inputs);

        public void Dispose() => session.Dispose();
    }

    private sealed class HeldValue(IRuntimeValue value, Action<long> release) : IRuntimeValue
    {
        public IRuntimeValue Value => value;

        public Tensor? Tensor => value.Tensor;

        public void Dispose()
        {
            release(value.Tensor?.ByteCount ?? 0);
            value.Dispose();
        }
    }
}
