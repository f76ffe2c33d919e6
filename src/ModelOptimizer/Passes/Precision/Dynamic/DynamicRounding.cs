using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Rounds weights to int8 as the options ask, and keeps in mind where sums of 16 bits could overflow.</summary>
internal sealed class DynamicRounding(QuantizeDynamicOptions options)
{
    private readonly WeightGrid _grid = new(options.ReduceRange == true ? 7 : 8, IsSymmetric: true);
    private readonly bool _fitPairs = options.TargetIsa.Contains(TargetIsa.Avx2);
    private readonly List<string> _clipping = [];

    public long ByteCount(WeightMatrix matrix) => DequantizeLinearLayout.ByteCount(_grid, matrix, matrix.Depth);

    /// <param name="sums">Whether the weights of a channel are summed up; rows that are looked up are not.</param>
    /// <returns>Null when a weight is infinite or not a number.</returns>
    public DynamicPart? Quantize(WeightCandidate weight, WeightMatrix matrix, bool sums)
    {
        var widened = 0;
        var codes = sums && _fitPairs
            ? LeastSquaresRounding.QuantizeWithin16Bits(matrix, _grid, out widened)
            : LeastSquaresRounding.Quantize(matrix, sums ? _grid : _grid with { Bits = 8 }, sums);
        return codes is null ? null : new DynamicPart(weight, codes, $"int{codes.Grid.Bits} per channel{(widened > 0 ? $" ({widened} of them coarser for avx2)" : "")}");
    }

    /// <summary>Takes down where 16-bit sums could overflow.</summary>
    public void NoteClipping(DynamicPart part)
    {
        var pairs = SaturationBound.CountPairs(part.Codes);
        if (pairs == 0)
            return;
        var share = pairs / (part.Codes.Channels * (part.Codes.Depth / 2.0));
        _clipping.Add(string.Create(CultureInfo.InvariantCulture, $"{part.Weight.Name} ({100 * share:0.###}% of its pairs)"));
    }

    /// <summary>Warns where the profile does not say which CPUs matter.</summary>
    public void ReportClipping(IDiagnosticSink diagnostics)
    {
        if (options.ReduceRange is not null || options.TargetIsa.Count > 0 || _clipping.Count == 0)
            return;
        var words = $"On x86 CPUs without VNNI, 16-bit sums could overflow in products with {_clipping.Count} weights: "
            + $"{string.Join(", ", _clipping.Take(3))}{(_clipping.Count > 3 ? ", …" : "")}. {SaturationBound.Words}";
        if (options.TellsClipping is { } tell)
            tell(words);
        else
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.SaturatingSums, $"{words} Add 'target-isa: [avx2, vnni]' to {options.Caller} if the app runs on "
                + "such CPUs, or 'target-isa: [vnni]' if it does not.", options.Location));
    }
}
