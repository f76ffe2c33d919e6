using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Large constants: fed to sessions from where they lie, since every session copies what it holds, three times over while it opens.
/// </summary>
internal sealed class SharedConstants(IInferenceEngine engine, OnnxModel model)
{
    /// <summary>Smaller ones cost less than the inputs that they would become, and kernels may ask for shapes and axes as constants.</summary>
    private const long Smallest = 1 << 16;

    /// <summary>The same of constants that one slice alone reads: the sessions of small models may hold all that is theirs.</summary>
    private const long SmallestOfOne = 1 << 20;

    /// <summary>Bytes of files that stay in memory with what was read last.</summary>
    public const long Window = 1 << 25;

    private readonly HashSet<Value> _chosen = [];

    /// <summary>Those read since pages were let go.</summary>
    private readonly HashSet<Value> _read = [];
    private readonly Lock _lock = new();
    private long _bytesRead;
    private readonly Dictionary<Value, (IRuntimeValue Lent, Tensor Content)> _held = [];

    /// <summary>True for a constant that slices are fed with.</summary>
    public bool Has(Value value) => _chosen.Contains(value);

    /// <summary>The constant where it lies; null for any other value.</summary>
    public IRuntimeValue? Find(Value value) => _held.GetValueOrDefault(value).Lent;

    /// <summary>
    /// Finds those that the runtime can be fed with, smaller ones where more than one slice of a plan reads them.
    /// </summary>
    public void Choose(SlicePlan plan, NodeReads reads)
    {
        _chosen.Clear();
        var readers = new Dictionary<Value, int>();
        for (var slice = 0; slice < plan.Starts.Count; slice++)
        {
            var end = slice + 1 < plan.Starts.Count ? plan.Starts[slice + 1] : reads.Nodes.Count;
            foreach (var value in reads.Nodes.Take(plan.Starts[slice]..end).SelectMany(node => reads[node]))
                if (ContentOf(value) is { } content && IsFeedable(content) && content.ByteCount >= Smallest
                    && (content.ByteCount >= SmallestOfOne || (!readers.TryAdd(value, slice) && readers[value] != slice)))
                    _chosen.Add(value);
        }
    }

    /// <summary>Makes them ready to be read.</summary>
    /// <param name="slices">Open ones.</param>
    public void Hold(IReadOnlyList<Slice> slices)
    {
        foreach (var value in _chosen)
        {
            var content = model.Straighten(ContentOf(value)!);
            _held[value] = (slices[0].Lend(content), content);
        }
    }

    /// <summary>A slice that has read its constants doesn't until the next sample: with those of the next slices their pages are let go.</summary>
    public void LetGo(IEnumerable<Value> read)
    {
        lock (_lock)
        {
            foreach (var value in read.Where(value => _held.ContainsKey(value) && _read.Add(value)))
                _bytesRead += _held[value].Content.ByteCount;
            if (_bytesRead <= Window)
                return;
            foreach (var value in _read)
                _held[value].Content.LetGo();
            _read.Clear();
            _bytesRead = 0;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        foreach (var (lent, _) in _held.Values)
            lent.Dispose();
        _held.Clear();
        _read.Clear();
        _bytesRead = 0;
    }

    private bool IsFeedable(Tensor content) => content.ElementType != DataType.String && content.ByteCount <= Array.MaxLength && engine.CanHold(content.ElementType);

    /// <summary>Bytes of the constants among values.</summary>
    public static long BytesOf(IEnumerable<Value> values) => values.Sum(value => ContentOf(value)?.ByteCount ?? 0);

    private static Tensor? ContentOf(Value value) => value.Initializer ?? value.Producer?.ConstantOutput;
}
