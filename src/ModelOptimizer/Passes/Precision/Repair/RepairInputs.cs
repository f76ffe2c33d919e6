using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Options of the passes that mend a quantized model: none, but where the profile names them.</summary>
public sealed record RepairOptions : ILocated
{
    public SourceLocation? Location { get; init; }
}

/// <summary>What passes need that mend a quantized model: its products beside those of the original, and data.</summary>
/// <param name="Original">The model before it was quantized.</param>
/// <param name="Products">Those that compute with integer weights now.</param>
internal sealed record RepairInputs(OnnxModel Original, IReadOnlyList<QuantizedProduct> Products, CalibrationData Data)
{
    /// <returns>Null when nothing is quantized, which is told.</returns>
    /// <exception cref="DiagnosticException">The profile has no calibration data.</exception>
    public static RepairInputs? Of(IGraphPass pass, PassContext context, RepairOptions options)
    {
        var products = context.Original is { } original ? QuantizedProducts.Find(original, context.Model) : [];
        if (products.Count == 0)
        {
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.NothingToRepair,
                $"{pass.Name} finds no product with 8-bit weights: it has to stand behind quantize-static, quantize-dynamic or quantize-weights", options.Location));
            return null;
        }
        return new(context.Original!, products, context.Calibration ?? throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
            $"{pass.Name} compares with the original on data: add 'calibration: {{ data: … }}' to the profile, with some dozens of typical inputs", options.Location));
    }
}
