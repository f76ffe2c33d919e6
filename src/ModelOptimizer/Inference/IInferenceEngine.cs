using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Runs models. The engine's only view of a runtime; everything behind it may be replaced.</summary>
public interface IInferenceEngine
{
    /// <summary>Name and version, as reports state them.</summary>
    string Description { get; }

    /// <summary>Tells one build of the runtime from another, without starting it where that takes time.</summary>
    string Identity => Description;

    /// <summary>Whether tensors of a type can go in and out of sessions, and not only lie within models.</summary>
    bool CanHold(DataType type);

    /// <summary>Opens a model for running.</summary>
    /// <exception cref="InferenceException">The runtime refuses the model; the message is its own reason.</exception>
    IInferenceSession Open(OnnxModel model, SessionSettings settings);

    /// <summary>Opens a model for running with a clock on every kernel, which itself takes some time.</summary>
    /// <exception cref="InferenceException">The runtime refuses the model; the message is its own reason.</exception>
    IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings);

    /// <summary>The model as the runtime's own graph optimizations leave it, with the same signature. It is held in memory.</summary>
    /// <exception cref="InferenceException">The runtime refuses the model; the message is its own reason.</exception>
    OnnxModel Optimize(OnnxModel model, RuntimeOptimization level);
}

/// <summary>How far a runtime's own graph optimizations go.</summary>
public enum RuntimeOptimization
{
    /// <summary>Standard operators only.</summary>
    Basic,

    /// <summary>Also operators that only this runtime has.</summary>
    Extended,
}

/// <param name="Optimize">Whether the runtime may rewrite the graph; off for exact comparisons and inference of types.</param>
/// <param name="Threads">Threads within one operator; 0 leaves the choice to the runtime.</param>
/// <param name="KeepMemory">Whether memory once used is kept for the next run, as long as the session is open.</param>
public sealed record SessionSettings(bool Optimize = true, int Threads = 1, bool KeepMemory = true);

/// <summary>An open model. Several threads may run it at once.</summary>
public interface IInferenceSession : IDisposable
{
    /// <summary>How long the runtime took to load the model.</summary>
    TimeSpan LoadTime { get; }

    /// <summary>What must be fed: name and type of each required input, in the model's order.</summary>
    IReadOnlyList<NamedType> Inputs { get; }

    /// <summary>What comes out, in the model's order. A type is null when it is not a tensor.</summary>
    IReadOnlyList<NamedType> Outputs { get; }

    /// <summary>Brings a tensor into the runtime's own memory, which has to be of a type that the engine can hold.</summary>
    IRuntimeValue Hold(Tensor tensor);

    /// <summary>Lets sessions read a tensor where it lies, which it does until the answer is disposed of; where that can't be, a copy as of <see cref="Hold"/>.</summary>
    IRuntimeValue Lend(Tensor tensor) => Hold(tensor);

    /// <summary>Runs once and leaves the outputs, in order, in the runtime's own memory. The caller disposes of them.</summary>
    /// <exception cref="InferenceException">The runtime fails on this data.</exception>
    IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs);

    /// <summary>Runs once and returns the outputs in order; null for an output that is not a tensor.</summary>
    /// <exception cref="InferenceException">The runtime fails on this data.</exception>
    IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs);
}

/// <summary>An open model whose kernels are timed.</summary>
public interface IProfiledSession : IInferenceSession
{
    /// <summary>What each kernel took in each run so far, in the order of their first start. The session runs no more afterwards.</summary>
    IReadOnlyList<KernelTime> Finish();
}

/// <summary>What one node of the model as the runtime rewrote it took.</summary>
/// <param name="Name">The runtime's name for it: often that of a node, or of a value that it makes, with an addition.</param>
/// <param name="OpType">The kernel's operator: <c>QLinearConv</c>, <c>FusedMatMul</c>.</param>
/// <param name="Microseconds">Its own time in each run, without that of nodes in its bodies; 0 where it did not run.</param>
public sealed record KernelTime(string Name, string OpType, IReadOnlyList<double> Microseconds);

/// <summary>A value in the runtime's own memory: what one session puts out another takes in, without a copy.</summary>
public interface IRuntimeValue : IDisposable
{
    /// <summary>The value where it lies, readable until it is disposed of; null when it is no numeric tensor.</summary>
    Tensor? Tensor { get; }
}

public sealed record NamedType(string Name, TensorType? Type);

/// <summary>The runtime's own complaint about a model or a run.</summary>
public sealed class InferenceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True when the model may well be right, and the engine lacks an operator or operator set that it uses.</summary>
    public bool IsUnsupported { get; init; }
}
