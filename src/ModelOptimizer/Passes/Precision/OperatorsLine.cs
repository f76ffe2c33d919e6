using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The option by which a pass takes an operator besides those that it takes anyway: the option names all of them.</summary>
/// <param name="named">What the option names now; empty where it is left out.</param>
/// <param name="byDefault">What the pass takes where it is left out.</param>
internal sealed class OperatorsLine(OnnxModel model, IReadOnlyList<string> named, IReadOnlyList<string> byDefault)
{
    private IReadOnlyList<string>? _taken;

    /// <summary>The line as a profile has it.</summary>
    public string With(string opType)
    {
        _taken ??= named.Count > 0 ? named : Present();
        return $"'operators: [{string.Join(", ", _taken.Append(opType).Distinct())}]'";
    }

    private List<string> Present()
    {
        var operators = GraphWalker.Nodes(model).Select(node => node.OpType).ToHashSet();
        return [.. byDefault.Where(operators.Contains)];
    }
}
