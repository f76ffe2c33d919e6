using System.Runtime.CompilerServices;

namespace ModelOptimizer.Onnx;

/// <summary>Holds what the optimizer makes: in memory at first, then in scratch files, so that a model may be far larger than memory.</summary>
/// <param name="inMemory">Bytes that stay in memory.</param>
/// <param name="folders">Where the files may lie, the first choice first; null for the system's.</param>
/// <param name="create">Makes a file in a folder.</param>
internal sealed class ScratchSpace(long inMemory = 1 << 25, IReadOnlyList<string>? folders = null, Func<string, ScratchFile>? create = null)
{
    /// <summary>Smaller tensors stay in memory: a model has few bytes in them.</summary>
    private const int Smallest = 1 << 16;

    /// <summary>A file of its own for every so many bytes: those that nobody reads any more go first.</summary>
    private const long FileLength = 1 << 28;

    private readonly Lock _lock = new();
    private readonly Queue<string> _folders = new(folders ?? ScratchFolders.Default);
    private readonly List<string> _failures = [];

    /// <summary>What became of tensors that somebody still holds: copies of a model put the same ones aside again and again.</summary>
    private readonly ConditionalWeakTable<Tensor, Tensor> _kept = [];

    private ScratchFile? _file;
    private long _made;

    /// <summary>Why tensors stay in memory that should not, with the folders tried; null as long as they needn't.</summary>
    public string? Problem { get; private set; }

    /// <summary>Tensors that were written to a file and that somebody holds in memory all the same.</summary>
    internal int HeldTwice
    {
        get
        {
            lock (_lock)
                return _kept.Count(kept => kept.Value is ScratchTensor);
        }
    }

    /// <returns>The same tensor, or one with the same bytes in a file.</returns>
    public Tensor Keep(Tensor tensor)
    {
        if (tensor is not MemoryTensor || tensor.ByteCount < Smallest)
            return tensor;
        lock (_lock)
        {
            if (_kept.TryGetValue(tensor, out var known))
                return known;
            _made += tensor.ByteCount;
            var kept = _made <= inMemory ? tensor : Write(tensor);
            _kept.Add(tensor, kept);
            return kept;
        }
    }

    /// <returns>The same tensor, or one with the same bytes in a file, where native code can read it in place.</returns>
    public Tensor Straighten(Tensor tensor)
    {
        if (!tensor.IsAskew)
            return tensor;
        lock (_lock)
        {
            if (!_kept.TryGetValue(tensor, out var known))
                _kept.Add(tensor, known = Write(tensor));
            return known;
        }
    }

    private Tensor Write(Tensor tensor)
    {
        while (_folders.TryPeek(out var folder))
            try
            {
                if (_file is null || _file.Length >= FileLength)
                    _file = (create ?? ScratchFile.Create)(folder);
                return new ScratchTensor(tensor, _file, _file.Append(tensor.Bytes));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _failures.Add($"{folder} ({ScratchFolders.Reason(e)})");
                _folders.Dequeue();
                _file = null;
            }
        // Memory may yet do: there is no need to give up.
        Problem ??= $"{_made >> 20:N0} MiB were made, and no more can be put aside in {string.Join(" nor in ", _failures)}";
        return tensor;
    }
}
