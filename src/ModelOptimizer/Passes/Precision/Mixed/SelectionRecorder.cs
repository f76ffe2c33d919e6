using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>Lets a pass take everything, and writes down what it asked for.</summary>
internal sealed class SelectionRecorder : ISelectionFilter
{
    private readonly HashSet<(Node, Value?)> _seen = [];
    private readonly List<(Node Node, Value? Weight)> _asked = [];

    public IReadOnlyList<(Node Node, Value? Weight)> Asked => _asked;

    public string? Refusal(Node node, Value? weight)
    {
        if (_seen.Add((node, weight)))
            _asked.Add((node, weight));
        return null;
    }
}
