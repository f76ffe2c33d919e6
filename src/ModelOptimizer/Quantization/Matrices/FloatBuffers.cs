namespace ModelOptimizer.Quantization;

/// <summary>Large arrays that are used again: the collector leaves such garbage lying until it is as large as all that lives. Threads may share it.</summary>
internal sealed class FloatBuffers
{
    /// <summary>Elements of arrays that wait: those of lengths that nobody asks for any more are not to add up.</summary>
    private const long Most = 1L << 26;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Stack<float[]>> _free = [];
    private long _waiting;

    /// <summary>An array of zeros.</summary>
    public float[] Rent(int length)
    {
        if (Taken(length) is not { } buffer)
            return new float[length];
        Array.Clear(buffer);
        return buffer;
    }

    /// <summary>A matrix of zeros.</summary>
    public MatrixView Rent(int rows, int columns) => MatrixView.Of(Rent(checked(rows * columns)), rows, columns);

    public void Return(float[] buffer)
    {
        lock (_lock)
        {
            if (_waiting + buffer.Length > Most)
            {
                _free.Clear();
                _waiting = 0;
            }
            if (!_free.TryGetValue(buffer.Length, out var some))
                _free[buffer.Length] = some = [];
            some.Push(buffer);
            _waiting += buffer.Length;
        }
    }

    private float[]? Taken(int length)
    {
        lock (_lock)
        {
            if (!_free.TryGetValue(length, out var some) || !some.TryPop(out var buffer))
                return null;
            _waiting -= length;
            return buffer;
        }
    }
}
