using System.Collections.Immutable;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Reads an array front to back, a few rows at a time, so that memory does not depend on its size.</summary>
internal sealed class RowReader : IDisposable
{
    private readonly DataArray _array;
    private readonly Stream _stream;
    private long _next;

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
    /// <inheritdoc cref="Read(long, long, ImmutableArray{long})"/>
    public Tensor Read(long rows, ImmutableArray<long> dimensions) => Read(_next, rows, dimensions);

    /// <summary>Rows as one tensor.</summary>
    /// <param name="first">Where they begin, not before the end of those read last.</param>
    /// <param name="rows">How many steps along the first axis.</param>
    /// <param name="dimensions">The shape that the tensor gets; it has as many elements as those rows.</param>
    /// <exception cref="DiagnosticException">The file is truncated or corrupt.</exception>
    public Tensor Read(long first, long rows, ImmutableArray<long> dimensions)
    {
        Unreadable.Guard(_array.File, _array.Name, () => Skip(BytesOf(first - _next)));
        var bytes = new byte[BytesOf(rows)];
        Unreadable.Guard(_array.File, _array.Name, () => _stream.ReadExactly(bytes));
        _next = first + rows;
        return Tensor.Create(_array.ElementType, dimensions.AsSpan(), bytes);
    }

    private long BytesOf(long rows) =>
        _array.ElementType.ByteCount(_array.Dimensions.Skip(1).Aggregate(rows, (product, length) => checked(product * length)));

    private void Skip(long bytes)
    {
        if (_stream.CanSeek)
        {
            _stream.Seek(bytes, SeekOrigin.Current);
            return;
        }
        // What is packed can only be read through.
        for (var buffer = new byte[Math.Min(bytes, 1 << 16)]; bytes > 0; bytes -= Math.Min(bytes, buffer.Length))
            _stream.ReadExactly(buffer.AsSpan(0, (int)Math.Min(bytes, buffer.Length)));
    }

    public void Dispose() => _stream.Dispose();
}
