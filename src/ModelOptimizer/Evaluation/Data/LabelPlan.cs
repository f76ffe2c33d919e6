using System.Collections.Immutable;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>How the labels are cut: along with the rows of the inputs, or one step per sample.</summary>
internal sealed record LabelPlan(DataArray Array, long RowsPerSample)
{
    /// <exception cref="DiagnosticException">The labels are no integers, or their number fits neither rows nor samples.</exception>
    public static LabelPlan For(DataArray array, IReadOnlyList<ArrayPlan> inputs, long samples)
    {
        if (array.Header.WhyUnusable is { } reason)
            throw Mismatch(array, $"The labels '{array.Name}' can't be used: the array {reason}");
        if (!Widening.IsPossible(array.ElementType, DataType.Int64))
            throw Mismatch(array, $"The labels '{array.Name}' are {array.TypeName}; class indices and tokens are integers of at most 64 bits, signed");
        if (array.Dimensions.Length == 0)
            throw Mismatch(array, $"The labels '{array.Name}' are a single number; one per row is needed");
        if (inputs.FirstOrDefault(plan => plan.Cutting == Cutting.Rows && plan.Array.Length == array.Length) is { } rows)
            return new LabelPlan(array, rows.RowsPerSample);
        return array.Length == samples ? new LabelPlan(array, 1) : throw Mismatch(array,
            $"There are {array.Length} labels in '{array.Name}' for {samples} samples ({string.Join(", ", inputs.Select(plan => plan.Array))})");
    }

    public Tensor Read(RowReader reader, long sample)
    {
        var rows = Math.Min(RowsPerSample, Array.Length - sample * RowsPerSample);
        ImmutableArray<long> shape = [rows, .. Array.Dimensions[1..]];
        return Widening.To(reader.Read(sample * RowsPerSample, rows, shape), DataType.Int64);
    }

    private static DiagnosticException Mismatch(DataArray array, string message) =>
        new(DiagnosticCatalog.LabelsMismatch, message, new SourceLocation(array.File));
}
