using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Tells what speed cost in size, and what was asked for though it is slow.</summary>
internal static class SpeedDiagnostics
{
    /// <summary>Tells that products stay float because they are faster so.</summary>
    /// <param name="pass">The pass's name.</param>
    /// <param name="slower">The weight of each product that stays; null for a product of activations.</param>
    /// <param name="quantized">How many products were quantized.</param>
    public static void ReportFloat(PassContext context, string pass, IReadOnlyCollection<Tensor?> slower, int quantized, SourceLocation? location)
    {
        if (slower.Count == 0)
            return;
        var bytes = slower.OfType<Tensor>().Distinct(ReferenceEqualityComparer.Instance).Cast<Tensor>().Sum(weight => weight.ByteCount);
        var all = quantized == 0 ? $"No product was quantized: all {slower.Count}" : $"{slower.Count} of {slower.Count + quantized} products";
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SlowerInIntegers,
            $"{all} stay float, since 8 bits would make them slower; {new Profiles.ByteSize(bytes * 3 / 4)} of weights could be saved. "
            + $"If size matters more, write '{pass}: {{ prefer: size }}'", location)
            { Severity = quantized == 0 ? Severity.Warning : Severity.Info });
    }

    /// <summary>Warns of activations for which CPUs have no fast kernel.</summary>
    public static void ReportActivations(PassContext context, IEnumerable<StaticNode> nodes, QuantizeStaticOptions options)
    {
        var isArmOnly = options.TargetIsa is [Quantization.TargetIsa.Arm64];
        foreach (var type in nodes.GroupBy(node => node.Precision.Activations.Type).OrderBy(type => type.Key))
            if (Reason(type.Key, isArmOnly) is { } reason)
                context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SlowActivations, $"{type.Count()} nodes, {type.First().Node} the first, "
                    + $"compute with {type.Key.ToOnnxName()} activations: {reason}", options.Location));
    }

    /// <summary>Tells which products are quantized though nobody knows whether that makes them faster.</summary>
    public static void ReportUnjudged(PassContext context, IReadOnlyList<StaticNode> nodes, QuantizeStaticOptions options)
    {
        if (options.Prefer != Preference.Speed || SlowerThanFloat.Unjudged(context.Model, nodes) is not { Count: > 0 } unjudged)
            return;
        var signed = unjudged.Count(node => node.Precision.Activations.Type == DataType.Int8);
        var reasons = new[]
        {
            signed > 0 ? $"{signed} with int8 activations, whose times were taken on no CPU" : "",
            signed < unjudged.Count ? $"{unjudged.Count - signed} whose shapes are not known" : "",
        };
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SpeedUnjudged,
            $"'prefer: speed' could not tell whether 8 bits are slower than float for {unjudged.Count} of {nodes.Count(IsProduct)} products, and "
            + $"quantizes them: {string.Join(", ", reasons.Where(reason => reason.Length > 0))}. To find out, run 'model-opt bench' on the original "
            + "and the result, or 'model-opt optimize --profile-ops', on the kind of CPU that the app runs on", options.Location));
    }

    private static bool IsProduct(StaticNode node) => node.Operator.Kind == QuantizedKind.Product;

    private static string? Reason(DataType type, bool isArmOnly) => type switch
    {
        DataType.UInt16 or DataType.Int16 => "ONNX Runtime has no kernel for 16 bits on CPUs, turns the codes of activations and "
            + "weights back into floats at every run, and takes up to 11 times as long as float. Leave 'activations' out for uint8, or keep 16 bits to few nodes with 'overrides'",
        DataType.Int8 when !isArmOnly => "on x64 CPUs they are slower than uint8, and mostly slower than float. Leave 'activations' out for "
            + "uint8, or write 'target-isa: [arm64]' if the model runs there only",
        _ => null,
    };
}
