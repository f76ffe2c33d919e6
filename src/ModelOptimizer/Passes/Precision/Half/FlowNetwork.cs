namespace ModelOptimizer.Passes;

/// <summary>A directed graph with capacities. Each edge is followed by its reverse, so that <c>edge ^ 1</c> is the way back.</summary>
internal sealed class FlowNetwork
{
    private readonly int[] _first;
    private readonly List<(int Target, int Next)> _edges = [];
    private readonly List<long> _room = [];

    public FlowNetwork(int vertices)
    {
        _first = new int[vertices];
        Array.Fill(_first, -1);
    }

    public void Connect(int from, int to, long capacity)
    {
        Add(from, to, capacity);
        Add(to, from, 0);
    }

    /// <summary>The first edge that leaves a vertex; -1 when there is none.</summary>
    public int First(int vertex) => _first[vertex];

    /// <summary>The next edge that leaves the same vertex; -1 when there is none.</summary>
    public int Next(int edge) => _edges[edge].Next;

    public int Target(int edge) => _edges[edge].Target;

    /// <summary>How much more flow fits through.</summary>
    public long Room(int edge) => _room[edge];

    public void Send(int edge, long amount)
    {
        _room[edge] -= amount;
        _room[edge ^ 1] += amount;
    }

    private void Add(int from, int to, long capacity)
    {
        _edges.Add((to, _first[from]));
        _room.Add(capacity);
        _first[from] = _edges.Count - 1;
    }
}
