using System.Collections.Immutable;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Reads an array front to back, a few rows at a time, so that memory does not depend on its size.</summary>
internal sealed class RowReader : IDisposable
{
    private readonly DataArray _array;
    private readonly Stream _stream;

    public RowReader(DataArray array)
    {
        _array = array;
        _stream = array.Open();
        try
        {
            Unreadable.Guard(array.File, array.Name, () => NpyHeader.Read(_stream));
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>The next rows as one tensor.</summary>
    /// <param name="rows">How many steps along the first axis.</param>
    /// <param name="dimensions">The shape that the tensor gets; it has as many elements as those rows.</param>
    /// <exception cref="DiagnosticException">The file is truncated or corrupt.</exception>
    public Tensor Read(long rows, ImmutableArray<long> dimensions)
    {
        var elements = _array.Dimensions.Skip(1).Aggregate(rows, (product, length) => checked(product * length));
        var bytes = new byte[_array.ElementType.ByteCount(elements)];
        Unreadable.Guard(_array.File, _array.Name, () => _stream.ReadExactly(bytes));
        return Tensor.Create(_array.ElementType, dimensions.AsSpan(), bytes);
    }

    public void Dispose() => _stream.Dispose();
}
