using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>What a model wants from data files.</summary>
/// <param name="Inputs">The inputs that must be fed.</param>
/// <param name="Outputs">The outputs, by which recorded ones are told apart.</param>
public sealed record DataRequest(IReadOnlyList<NamedType> Inputs, IReadOnlyList<string> Outputs)
{
    private const string DefaultLabels = "labels";

    /// <summary>Rows per run where an input's batch axis is free; a fixed axis decides for itself.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>
    /// The array that holds the truth, for pictures a file beside them; null takes <c>labels</c> where there is such an array.
    /// </summary>
    public string? Labels { get; init; }

    /// <summary>Where a human named the data; null shows problems at the data itself.</summary>
    public SourceLocation? NamedAt { get; init; }

    /// <summary>How many samples are read at most, spread evenly over all there are.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Which of those are read, by their places among them from 0 on; null reads all.</summary>
    internal IReadOnlySet<long>? Places { get; init; }

    /// <summary>The name to look for, and whether it must be there.</summary>
    internal (string Name, bool IsRequired) LabelsName => Labels is null ? (DefaultLabels, false) : (Labels, true);

    /// <summary>The same for samples that another model takes, too, which may have fixed axes that are free here.</summary>
    public DataRequest NarrowedBy(OnnxModel model)
    {
        var types = For(model).Inputs.ToDictionary(input => input.Name, input => input.Type);
        return this with { Inputs = [.. Inputs.Select(input => input with { Type = types.GetValueOrDefault(input.Name) is { } type ? input.Type?.RefinedBy(type) : input.Type })] };
    }

    /// <summary>What a model's signature says: all inputs but those that an initializer feeds already.</summary>
    public static DataRequest For(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(
            [.. model.Graph.Inputs.Where(input => input.Initializer is null).Select(input => new NamedType(input.Name, input.Type))],
            [.. model.Graph.Outputs.Select(output => output.Name)]);
    }
}
