namespace ModelOptimizer.Passes;

/// <summary>
/// Divides vertices in two so that groups with members on both sides cost as little as possible: a minimum cut of a hypergraph, found as a maximum
/// flow (Lawler, "Cutsets and partitions of hypergraphs", 1973; Dinic, 1970). Of several minimum cuts it takes the one with the smallest first side.
/// </summary>
internal sealed class MinimumCut
{
    /// <summary>What a group costs that must not be divided. No sum of other costs may come near it.</summary>
    public const long Unlimited = long.MaxValue / 4;

    private readonly int _source;
    private readonly int _target;
    private readonly FlowNetwork _network;
    private readonly int[] _level;
    private readonly int[] _next;

    private MinimumCut(int vertices, IReadOnlyList<IReadOnlyList<int>> groups, Func<int, long> cost, IEnumerable<int> first, IEnumerable<int> second)
    {
        var count = vertices + 2 * groups.Count + 2;
        (_source, _target) = (count - 2, count - 1);
        _network = new FlowNetwork(count);
        (_level, _next) = (new int[count], new int[count]);
        for (var i = 0; i < groups.Count; i++)
            Connect(groups[i], vertices + 2 * i, cost(i));
        foreach (var vertex in first)
            _network.Connect(_source, vertex, Unlimited);
        foreach (var vertex in second)
            _network.Connect(vertex, _target, Unlimited);
    }

    /// <summary>Finds the first side.</summary>
    /// <param name="vertices">How many there are, numbered from 0.</param>
    /// <param name="groups">Members of each group, which costs 1 when it is divided.</param>
    /// <param name="first">Vertices that must be on the first side.</param>
    /// <param name="second">Vertices that must be on the second, none of them among the first.</param>
    /// <returns>For each vertex whether it is on the first side.</returns>
    public static bool[] FirstSide(int vertices, IReadOnlyList<IReadOnlyList<int>> groups, IEnumerable<int> first, IEnumerable<int> second) =>
        FirstSide(vertices, groups, _ => 1, first, second);

    /// <summary>The same where groups cost differently.</summary>
    /// <param name="cost">What it costs to divide the group of a number.</param>
    public static bool[] FirstSide(int vertices, IReadOnlyList<IReadOnlyList<int>> groups, Func<int, long> cost, IEnumerable<int> first,
        IEnumerable<int> second)
    {
        var cut = new MinimumCut(vertices, groups, cost, first, second);
        while (cut.FindLevels())
            cut.Saturate();
        return [.. cut._level.Take(vertices).Select(level => level >= 0)];
    }

    /// <summary>All members flow into a gate and out of it again, and through the gate fits what the group costs.</summary>
    private void Connect(IReadOnlyList<int> group, int gate, long cost)
    {
        _network.Connect(gate, gate + 1, cost);
        foreach (var member in group)
        {
            _network.Connect(member, gate, Unlimited);
            _network.Connect(gate + 1, member, Unlimited);
        }
    }

    /// <summary>Distances from the source where flow can still go; false when the target is out of reach.</summary>
    private bool FindLevels()
    {
        Array.Fill(_level, -1);
        _level[_source] = 0;
        var pending = new Queue<int>([_source]);
        while (pending.TryDequeue(out var from))
            for (var edge = _network.First(from); edge >= 0; edge = _network.Next(edge))
                if (_network.Room(edge) > 0 && _level[_network.Target(edge)] < 0)
                {
                    _level[_network.Target(edge)] = _level[from] + 1;
                    pending.Enqueue(_network.Target(edge));
                }
        return _level[_target] >= 0;
    }

    /// <summary>Sends flow along shortest ways until none is left.</summary>
    private void Saturate()
    {
        for (var vertex = 0; vertex < _next.Length; vertex++)
            _next[vertex] = _network.First(vertex);
        while (FindWay() is { } way)
        {
            var amount = way.Min(edge => _network.Room(edge));
            foreach (var edge in way)
                _network.Send(edge, amount);
        }
    }

    /// <summary>The edges of a way to the target; dead ends are never entered again. A stack of its own, since graphs are deep.</summary>
    private List<int>? FindWay()
    {
        var (way, at) = (new List<int>(), _source);
        while (at != _target)
        {
            var edge = _next[at];
            if (edge >= 0)
            {
                if (_network.Room(edge) > 0 && _level[_network.Target(edge)] == _level[at] + 1)
                {
                    way.Add(edge);
                    at = _network.Target(edge);
                }
                else
                {
                    _next[at] = _network.Next(edge);
                }
                continue;
            }
            if (way.Count == 0)
                return null;
            at = _network.Target(way[^1] ^ 1);
            way.RemoveAt(way.Count - 1);
            _next[at] = _network.Next(_next[at]);
        }
        return way;
    }
}
