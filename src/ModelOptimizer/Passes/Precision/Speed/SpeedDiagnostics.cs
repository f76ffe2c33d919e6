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

    private static string? Reason(DataType type, bool isArmOnly) => type switch
    {
        DataType.UInt16 or DataType.Int16 => "ONNX Runtime has no kernel for 16 bits on CPUs, turns the codes of activations and "
            + "weights back into floats at every run, and takes up to 11 times as long as float. Leave 'activations' out for uint8, or keep 16 bits to few nodes with 'overrides'",
        DataType.Int8 when !isArmOnly => "on x64 CPUs they are slower than uint8, and mostly slower than float. Leave 'activations' out for "
            + "uint8, or write 'target-isa: [arm64]' if the model runs there only",
        _ => null,
    };
}
