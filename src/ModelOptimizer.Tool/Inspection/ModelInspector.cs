using System.Text.Json.Nodes;
using ModelOptimizer.Onnx;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary>Turns a model into what <c>inspect</c> shows. Reads structure only; the bytes of weights are never touched.</summary>
internal static class ModelInspector
{
    /// <summary>The files that a model was read from, itself first.</summary>
    public static IReadOnlyList<string> Files(this OnnxModel model) => [model.Path!, .. model.ExternalFiles];

    public static ModelInspection Inspect(OnnxModel model, string path)
    {
        var summary = ModelSummary.Of(model);
        return new ModelInspection(
            SchemaVersion: 1,
            path,
            Bytes: model.Files().Sum(file => new FileInfo(file).Length),
            External(model, summary),
            model.IrVersion,
            $"{model.ProducerName} {model.ProducerVersion}".Trim(),
            Opsets: model.OpsetImports.ToDictionary(import => import.Key.Length == 0 ? "ai.onnx" : import.Key, import => import.Value),
            Inputs: [.. model.Graph.Inputs.Where(input => input.Initializer is null).Select(input => Slot(input.Name, input.Type))],
            Outputs: [.. model.Graph.Outputs.Select(output => Slot(output.Name, output.Type))],
            OverridableInitializers: model.Graph.Inputs.Count(input => input.Initializer is not null),
            summary.Graphs,
            model.Functions.Count,
            summary.Nodes,
            summary.Parameters,
            Operators(summary),
            DataTypes(summary),
            Weights: [.. summary.Constants.Select(Weight)]);
    }

    private static ExternalDataInspection? External(OnnxModel model, ModelSummary summary)
    {
        var external = summary.Constants.Where(constant => constant.IsExternal).ToList();
        return external.Count == 0 ? null : new ExternalDataInspection(
            [.. model.ExternalFiles.Select(file => Path.GetRelativePath(Path.GetDirectoryName(model.Path!)!, file))],
            external.Count,
            external.Sum(constant => constant.Bytes));
    }

    private static IReadOnlyList<OperatorInspection> Operators(ModelSummary summary)
    {
        var bytes = summary.Constants.ToLookup(constant => constant.Operator, constant => constant.Bytes);
        return
        [
            .. summary.Operators
                .Select(pair => new OperatorInspection(pair.Key, pair.Value, bytes[pair.Key].Sum()))
                .OrderByDescending(op => op.Bytes).ThenByDescending(op => op.Nodes).ThenBy(op => op.Operator, StringComparer.Ordinal),
        ];
    }

    private static IReadOnlyList<DataTypeInspection> DataTypes(ModelSummary summary) =>
    [
        .. summary.Constants.GroupBy(constant => constant.Type.ElementType.ToOnnxName())
            .Select(group => new DataTypeInspection(group.Key, group.Count(), group.Sum(Elements), group.Sum(constant => constant.Bytes)))
            .OrderByDescending(type => type.Bytes).ThenBy(type => type.ElementType, StringComparer.Ordinal),
    ];

    private static long Elements(ConstantSummary constant) => constant.Type.Shape!.ElementCount ?? 0;

    private static WeightInspection Weight(ConstantSummary constant) => new(
        constant.Name,
        constant.Type.ElementType.ToOnnxName(),
        [.. constant.Type.Shape!.Dimensions.Select(axis => axis.Value ?? 0)],
        constant.Bytes,
        constant.Operator.Length == 0 ? null : constant.Operator,
        constant.IsExternal);

    private static SlotInspection Slot(string name, TensorType? type) => new(name, type?.ElementType.ToOnnxName(), Axes(type?.Shape));

    private static JsonArray? Axes(Shape? shape) => shape is null ? null : [.. shape.Dimensions.Select(Axis)];

    private static JsonNode? Axis(Dimension axis)
    {
        if (axis.Value is { } length)
            return length;
        return string.IsNullOrEmpty(axis.Symbol) ? null : axis.Symbol;
    }
}
