using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>A copy of a model that knows which of its nodes and values stands for which of the source.</summary>
internal sealed class ModelCopy
{
    private readonly Dictionary<object, object> _copies = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, object> _sources = new(ReferenceEqualityComparer.Instance);

    public ModelCopy(OnnxModel source)
    {
        Model = source.Clone(out var values);
        foreach (var (value, copy) in values)
            Add(value, copy!);
        foreach (var (node, copy) in GraphWalker.Nodes(source).Zip(GraphWalker.Nodes(Model)))
            Add(node, copy);
    }

    public OnnxModel Model { get; }

    /// <summary>What stands for a node or value of the source.</summary>
    public object CopyOf(object item) => _copies[item];

    /// <summary>What a node or value stands for; null for one that was made since.</summary>
    public T? SourceOf<T>(T copy) where T : class => (T?)_sources.GetValueOrDefault(copy);

    private void Add(object item, object copy)
    {
        _copies[item] = copy;
        _sources[copy] = item;
    }
}
