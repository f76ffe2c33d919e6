using System.Collections.Concurrent;

namespace ModelOptimizer.Quantization;

/// <summary>Large arrays that are used again: the collector leaves such garbage lying until it is as large as all that lives. Threads may share it.</summary>
internal sealed class FloatBuffers
{
    private readonly ConcurrentDictionary<int, ConcurrentStack<float[]>> _free = [];

    /// <summary>An array of zeros.</summary>
    public float[] Rent(int length)
    {
        if (!_free.TryGetValue(length, out var some) || !some.TryPop(out var buffer))
            return new float[length];
        Array.Clear(buffer);
        return buffer;
    }

    /// <summary>A matrix of zeros.</summary>
    public MatrixView Rent(int rows, int columns) => MatrixView.Of(Rent(checked(rows * columns)), rows, columns);

    public void Return(float[] buffer) => _free.GetOrAdd(buffer.Length, _ => []).Push(buffer);
}
