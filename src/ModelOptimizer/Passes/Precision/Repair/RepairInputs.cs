using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Options of the passes that mend a quantized model: which products, by their names and operators in the original.</summary>
public sealed record RepairOptions : SelectionOptions, ILocated
{
    public SourceLocation? Location { get; init; }
}

/// <summary>What passes need that mend a quantized model: its products beside those of the original, and data.</summary>
/// <param name="Values">Values of the original, and what stands for them now.</param>
/// <param name="Products">Those that compute with integer weights now and that the profile does not exclude.</param>
internal sealed record RepairInputs(ValuePairs Values, IReadOnlyList<QuantizedProduct> Products, CalibrationData Data)
{
    /// <returns>Null when nothing is to be mended, which is told.</returns>
    /// <exception cref="DiagnosticException">The profile has no calibration data.</exception>
    public static RepairInputs? Of(ISelectivePass pass, PassContext context, RepairOptions options)
    {
        var values = context.Original is { } original ? new ValuePairs(original, context.Model) : null;
        var products = values is null ? new([], []) : QuantizedProducts.Of(values);
        foreach (var (node, why) in products.Unread)
            context.Refuse(node, why);
        if (products.Found.Count == 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.NothingToRepair, Explain(pass.Name, products), options.Location));
        var selected = products.Found.Where(product => IsSelected(product, pass.Selector, context)).ToList();
        if (selected.Count == 0)
            return null;
        return new(values!, selected, context.Calibration ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
            $"{pass.Name} compares with the original on data: add 'calibration: {{ data: … }}' to the profile, with some dozens of typical inputs",
            options.Location));
    }

    private static string Explain(string pass, QuantizedProducts products) => products.Unread is [var (node, why), ..]
        ? $"{pass} can mend none of {products.Unread.Count} quantized products, such as {node}: {why}. Remove it, or quantize to 8 bits, "
            + "one scale for each channel or tensor"
        : $"{pass} finds no product with 8-bit weights: it has to stand behind quantize-static, quantize-dynamic or quantize-weights";

    private static bool IsSelected(QuantizedProduct product, NodeSelector selector, PassContext context)
    {
        if (selector.Refusal(product.Original.Node, product.Original.Weight) is not { } refusal)
            return true;
        context.Refuse(product.Node, refusal);
        return false;
    }
}
