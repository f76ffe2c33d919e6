using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Type, shape and a hash over some elements of a matrix, which can be taken of its transpose without making it.</summary>
internal readonly record struct MatrixFingerprint(DataType ElementType, long Rows, long Columns, int Hash)
{
    private const int Samples = 64;

    /// <summary>Odd numbers far apart, so that samples spread over rows and columns of any length.</summary>
    private const long RowStep = 7919;

    private const long ColumnStep = 104729;

    public static MatrixFingerprint Of(Tensor matrix) => Of(matrix, isTransposed: false);

    public static MatrixFingerprint OfTranspose(Tensor matrix) => Of(matrix, isTransposed: true);

    private static MatrixFingerprint Of(Tensor matrix, bool isTransposed)
    {
        var (rows, columns) = isTransposed ? (matrix.Dimensions[1], matrix.Dimensions[0]) : (matrix.Dimensions[0], matrix.Dimensions[1]);
        var bytes = matrix.Bytes;
        var width = matrix.ElementType.BitWidth() / 8;
        var hash = new HashCode();
        for (var sample = 0L; sample < Samples; sample++)
        {
            var (row, column) = (sample * RowStep % rows, sample * ColumnStep % columns);
            var index = isTransposed ? column * rows + row : row * columns + column;
            hash.AddBytes(bytes.Slice(checked((int)(index * width)), width));
        }
        return new MatrixFingerprint(matrix.ElementType, rows, columns, hash.ToHashCode());
    }
}
