namespace ModelOptimizer.Passes;

/// <summary>Sets that are joined one by one (Tarjan 1975, with path halving).</summary>
internal sealed class DisjointSets<T> where T : notnull
{
    private readonly Dictionary<T, T> _parents = [];

    public void Add(T item) => _parents.TryAdd(item, item);

    public void Join(T first, T second)
    {
        Add(first);
        Add(second);
        _parents[Find(second)] = Find(first);
    }

    /// <summary>The item that stands for the whole set.</summary>
    public T Find(T item)
    {
        while (!_parents[item].Equals(item))
            item = _parents[item] = _parents[_parents[item]];
        return item;
    }
}
