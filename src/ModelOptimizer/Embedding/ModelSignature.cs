using ModelOptimizer.Onnx;

namespace ModelOptimizer.Embedding;

/// <summary>One input or output of a model.</summary>
/// <param name="Type">Null when it is a sequence, map or optional, or when the model doesn't say.</param>
public sealed record SignatureEntry(string Name, TensorType? Type);

/// <summary>What a model takes and gives.</summary>
public sealed record ModelSignature(IReadOnlyList<SignatureEntry> Inputs, IReadOnlyList<SignatureEntry> Outputs)
{
    /// <summary>Inputs that an initializer provides are not asked for: the model runs without them.</summary>
    public static ModelSignature Of(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(
            [.. model.Graph.Inputs.Where(input => input.Initializer is null).Select(input => new SignatureEntry(input.Name, input.Type))],
            [.. model.Graph.Outputs.Select(output => new SignatureEntry(output.Name, output.Type))]);
    }
}
