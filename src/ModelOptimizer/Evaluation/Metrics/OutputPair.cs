using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>What original and candidate answer to the same sample at one output. Element types and shapes are equal.</summary>
/// <param name="Expected">The original's answer.</param>
/// <param name="Actual">The candidate's answer.</param>
/// <param name="Rows">How many rows of the batch axis the sample has.</param>
public sealed record OutputPair(Tensor Expected, Tensor Actual, long Rows)
{
    private IReadOnlyList<RowSums>? _sums;

    /// <summary>Sums over each row when the first axis is the batch, else over the whole output.</summary>
    public IReadOnlyList<RowSums> Sums => _sums ??= ComputeSums();

    private RowSums[] ComputeSums()
    {
        var isBatch = Rows > 1 && Expected.Dimensions is [var first, ..] && first == Rows;
        var count = isBatch ? Rows : 1;
        var length = Expected.ElementCount / count;
        var sums = new RowSums[count];
        for (var row = 0; row < count; row++)
            sums[row] = RowSums.Of(Expected, Actual, row * length, length);
        return sums;
    }
}
