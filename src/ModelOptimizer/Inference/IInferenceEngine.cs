using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Runs models. The engine's only view of a runtime; everything behind it may be replaced.</summary>
public interface IInferenceEngine
{
    /// <summary>Name and version, as reports state them.</summary>
    string Description { get; }

    /// <summary>Opens a model for running.</summary>
    /// <exception cref="InferenceException">The runtime refuses the model; the message is its own reason.</exception>
    IInferenceSession Open(OnnxModel model, SessionSettings settings);

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
public sealed record SessionSettings(bool Optimize = true, int Threads = 1);

/// <summary>An open model. Not safe for use by several threads at once.</summary>
public interface IInferenceSession : IDisposable
{
    /// <summary>What must be fed: name and type of each required input, in the model's order.</summary>
    IReadOnlyList<NamedType> Inputs { get; }

    /// <summary>What comes out, in the model's order. A type is null when it is not a tensor.</summary>
    IReadOnlyList<NamedType> Outputs { get; }

    /// <summary>Runs once and returns the outputs in order; null for an output that is not a tensor.</summary>
    /// <exception cref="InferenceException">The runtime fails on this data.</exception>
    IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs);
}

public sealed record NamedType(string Name, TensorType? Type);

/// <summary>The runtime's own complaint about a model or a run.</summary>
public sealed class InferenceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True when the model may well be right, and the engine lacks an operator or operator set that it uses.</summary>
    public bool IsUnsupported { get; init; }
}
