namespace ModelOptimizer.Quantization;

/// <summary>A rectangle of floats in an array, element (i, j) at offset + i · row stride + j · column stride.</summary>
internal readonly record struct MatrixView(float[] Elements, int Offset, int Rows, int Columns, int RowStride, int ColumnStride = 1)
{
    /// <summary>A whole matrix [rows, columns] in memory order.</summary>
    public static MatrixView Of(float[] elements, int rows, int columns) => new(elements, 0, rows, columns, columns);

    /// <summary>The same rectangle with rows and columns exchanged.</summary>
    public MatrixView Transposed => new(Elements, Offset, Columns, Rows, ColumnStride, RowStride);

    public MatrixView Slice(int row, int rows, int column, int columns) =>
        this with { Offset = At(row, column), Rows = rows, Columns = columns };

    /// <summary>The index of an element in the array.</summary>
    public int At(int row, int column) => Offset + row * RowStride + column * ColumnStride;

    /// <summary>Neighbours of a row; its columns have to be neighbours in memory.</summary>
    public Span<float> Row(int row) => Elements.AsSpan(Offset + row * RowStride, Columns);
}
