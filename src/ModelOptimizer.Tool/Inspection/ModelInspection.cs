using System.Text.Json.Nodes;
using ModelOptimizer.Passes;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>inspect</c>.</summary>
/// <param name="Model">The file, as the user named it.</param>
/// <param name="Bytes">The file with its external data.</param>
/// <param name="Opsets">Version by domain; the standard domain is <c>ai.onnx</c>.</param>
/// <param name="Inputs">What a caller must feed.</param>
/// <param name="OverridableInitializers">Weights that a caller may feed instead.</param>
/// <param name="Graphs">The main graph, bodies of control flow and functions.</param>
/// <param name="Nodes">In all graphs; Constant nodes are weights here, not nodes.</param>
/// <param name="Parameters">Elements of all weights, whatever their type.</param>
/// <param name="Operators">By weight bytes, biggest first.</param>
/// <param name="DataTypes">Of weights, by bytes.</param>
/// <param name="Weights">Initializers and Constant nodes of all graphs, biggest first.</param>
internal sealed record ModelInspection(
    int SchemaVersion,
    string Model,
    long Bytes,
    ExternalDataInspection? ExternalData,
    long IrVersion,
    string Producer,
    IReadOnlyDictionary<string, long> Opsets,
    IReadOnlyList<SlotInspection> Inputs,
    IReadOnlyList<SlotInspection> Outputs,
    int OverridableInitializers,
    int Graphs,
    int Functions,
    int Nodes,
    long Parameters,
    IReadOnlyList<OperatorInspection> Operators,
    IReadOnlyList<DataTypeInspection> DataTypes,
    IReadOnlyList<WeightInspection> Weights)
{
    /// <summary>What each pass would do by itself; absent unless asked for.</summary>
    public IReadOnlyList<PassInspection>? Passes { get; init; }

    /// <summary>What pruning passes could take out; absent unless asked for.</summary>
    public PruningPreview? Pruning { get; init; }
}

/// <summary>What one pass would do by itself.</summary>
/// <param name="Group">The group whose member it is; absent for groups and for passes on demand.</param>
/// <param name="LeftAlone">Candidates that it would refuse.</param>
/// <param name="Nodes">Nodes more, or less when negative.</param>
/// <param name="Bytes">Bytes of weights more, or less when negative.</param>
/// <param name="Problem">Why it would end with an error; absent where it would not.</param>
internal sealed record PassInspection(string Pass, string? Group, int Rewrites, int LeftAlone, int Nodes, long Bytes, string? Problem)
{
    public static PassInspection Of(PassPreview preview) => new(preview.Pass, preview.Group, preview.Rewrites, preview.Refusals,
        preview.After.Nodes - preview.Before.Nodes, preview.After.Bytes - preview.Before.Bytes, preview.Problem);
}

/// <summary>Weights that lie in files beside the model.</summary>
/// <param name="Files">Relative to the model's folder.</param>
internal sealed record ExternalDataInspection(IReadOnlyList<string> Files, int Tensors, long Bytes);

/// <summary>One input or output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ElementType">As ONNX spells it; null when it is not a tensor.</param>
/// <param name="Shape">Lengths, symbols, and nulls for what is unknown; null when not even the rank is known.</param>
internal sealed record SlotInspection(string Name, string? ElementType, JsonArray? Shape);

/// <summary>One kind of operator.</summary>
/// <param name="Operator">With its domain, unless that is the standard one.</param>
/// <param name="Nodes">How many there are.</param>
/// <param name="Bytes">Weights read by them; one that several read counts once.</param>
internal sealed record OperatorInspection(string Operator, int Nodes, long Bytes);

internal sealed record DataTypeInspection(string ElementType, int Tensors, long Parameters, long Bytes);

/// <param name="Operator">What reads it first; null when nothing does.</param>
internal sealed record WeightInspection(string Name, string ElementType, IReadOnlyList<long> Shape, long Bytes, string? Operator, bool External);
