using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The constants that a graph can read, by content: its own, then those of the graphs around it.</summary>
internal sealed class ConstantScope(ConstantScope? outer)
{
    private readonly Dictionary<TensorContent, Value> _constants = [];
    private readonly ConstantScope? _outer = outer;

    /// <summary>An equal constant that was here before; else null, and <paramref name="constant"/> is from now on.</summary>
    public Value? FindOrAdd(Value constant)
    {
        var content = new TensorContent(constant.Constant!);
        if (Find(content) is { } equal)
            return equal;
        _constants.Add(content, constant);
        return null;
    }

    private Value? Find(TensorContent content) => _constants.GetValueOrDefault(content) ?? _outer?.Find(content);
}
