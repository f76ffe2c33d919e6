using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>A name for each value of a model that no other one of it has, in whatever body or function it lies.</summary>
internal sealed class ValueNames
{
    private readonly Dictionary<Value, string> _names = [];

    public ValueNames(OnnxModel model)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var value in GraphWalker.Graphs(model).SelectMany(graph => graph.Inputs.Concat(graph.MadeValues)))
            if (!_names.ContainsKey(value))
                _names.Add(value, Unique(value.Name.Length > 0 ? value.Name : value.Producer?.OpType ?? "value", taken));
    }

    public string this[Value value] => _names[value];

    private static string Unique(string name, HashSet<string> taken)
    {
        var unique = name;
        for (var i = 2; !taken.Add(unique); i++)
            unique = $"{name}#{i}";
        return unique;
    }
}
