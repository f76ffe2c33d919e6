namespace ModelOptimizer.Onnx;

/// <summary>Holds what the optimizer makes: in memory at first, then in scratch files, so that a model may be far larger than memory.</summary>
/// <param name="inMemory">Bytes that stay in memory.</param>
internal sealed class ScratchSpace(long inMemory = 1 << 27)
{
    /// <summary>Smaller tensors stay in memory: a model has few bytes in them.</summary>
    private const int Smallest = 1 << 16;

    /// <summary>A file of its own for every so many bytes: those that nobody reads any more go first.</summary>
    private const long FileLength = 1 << 28;

    private readonly Lock _lock = new();
    private ScratchFile? _file;
    private long _made;
    private bool _isFull;

    /// <returns>The same tensor, or one with the same bytes in a file.</returns>
    public Tensor Keep(Tensor tensor)
    {
        if (tensor is not MemoryTensor || tensor.ByteCount < Smallest)
            return tensor;
        lock (_lock)
        {
            _made += tensor.ByteCount;
            return _made <= inMemory || _isFull ? tensor : Write(tensor);
        }
    }

    private Tensor Write(Tensor tensor)
    {
        try
        {
            if (_file is null || _file.Length >= FileLength)
                _file = ScratchFile.Create();
            return new ScratchTensor(tensor, _file, _file.Append(tensor.Bytes));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Memory may yet do: there is no need to give up.
            _isFull = true;
            return tensor;
        }
    }
}
