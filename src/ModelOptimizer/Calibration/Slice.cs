using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>A value that a slice hands out.</summary>
/// <param name="Value">The value of the whole graph.</param>
/// <param name="IsWanted">Whether it is to be shown.</param>
/// <param name="IsReadLater">Whether a later slice reads it.</param>
internal readonly record struct Put(Value Value, bool IsWanted, bool IsReadLater);

/// <summary>A part of a graph with a session of its own.</summary>
internal sealed class Slice : IDisposable
{
    /// <summary>As written: what the runtime fuses away could not be seen. Memory goes back at once: the next slice or sample needs it elsewhere.</summary>
    private static readonly SessionSettings AsWritten = new(Optimize: false, KeepMemory: false);

    private readonly IInferenceSession _session;
    private readonly IReadOnlyList<string> _names;

    private Slice(IInferenceSession session, IReadOnlyList<Value> reads, IReadOnlyList<string> names, IReadOnlyList<Put> puts)
    {
        _session = session;
        Reads = reads;
        _names = names;
        Puts = puts;
    }

    /// <summary>What it is fed with.</summary>
    public IReadOnlyList<Value> Reads { get; }

    /// <summary>What it hands out, in order.</summary>
    public IReadOnlyList<Put> Puts { get; }

    /// <param name="handOut">How a value is handed out; null when it is not.</param>
    /// <param name="isFed">Which constants it gets at every run instead of holding them.</param>
    /// <exception cref="InferenceException">The runtime refuses it.</exception>
    public static Slice Open(IInferenceEngine engine, OnnxModel model, IEnumerable<Node> nodes, Func<Value, Put?> handOut, Predicate<Value> isFed)
    {
        var part = model.Extract(nodes, out var reads, out var copies, isFed);
        var puts = nodes.SelectMany(node => node.Outputs).OfType<Value>().Select(handOut).OfType<Put>().ToList();
        foreach (var put in puts)
            part.Graph.AddOutput($"output_{part.Graph.Outputs.Count}", copies[put.Value]!);
        return new Slice(engine.Open(part, AsWritten), reads, [.. reads.Select(value => copies[value]!.Name)], puts);
    }

    public IRuntimeValue Hold(Tensor tensor) => _session.Hold(tensor);

    public IRuntimeValue Lend(Tensor tensor) => _session.Lend(tensor);

    /// <exception cref="InferenceException">The runtime fails on the data.</exception>
    public IReadOnlyList<IRuntimeValue> Run(Func<Value, IRuntimeValue> values) =>
        _session.Run(_names.Zip(Reads).ToDictionary(pair => pair.First, pair => values(pair.Second)));

    public void Dispose() => _session.Dispose();
}
