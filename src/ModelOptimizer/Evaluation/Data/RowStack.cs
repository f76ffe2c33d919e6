using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Puts tensors of one row each together along their first axis.</summary>
internal static class RowStack
{
    /// <summary>All rows as one tensor, or the only one as it is.</summary>
    /// <exception cref="DiagnosticException">They differ in shape.</exception>
    public static Tensor Of(IReadOnlyList<Tensor> rows, string source, string remedy)
    {
        if (rows.Count == 1)
            return rows[0];
        if (rows.FirstOrDefault(row => !row.Dimensions.SequenceEqual(rows[0].Dimensions)) is { } other)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch,
                $"Rows of one run differ in shape, {Shape.Of(rows[0].Dimensions)} and {Shape.Of(other.Dimensions)}; {remedy}", new SourceLocation(source));
        var bytes = new byte[rows.Sum(row => row.Bytes.Length)];
        var at = 0;
        foreach (var row in rows)
        {
            row.Bytes.CopyTo(bytes.AsSpan(at));
            at += row.Bytes.Length;
        }
        return Tensor.Create(rows[0].ElementType, [rows.Count, .. rows[0].Dimensions[1..]], bytes);
    }
}
