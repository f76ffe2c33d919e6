using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Takes channels out of a model: constants become smaller, and nodes that name lengths name the new ones.</summary>
internal sealed class Narrowing
{
    private readonly OnnxModel _model;
    private readonly Dictionary<(Operand, int), IReadOnlyList<int>> _kept = [];
    private readonly Dictionary<(Value, string), Value> _written = [];

    /// <param name="model">The model that the classes are of.</param>
    /// <param name="classes">What its channels are.</param>
    /// <param name="removed">The classes that go, by their first channels.</param>
    public Narrowing(OnnxModel model, ChannelClasses classes, IReadOnlySet<int> removed)
    {
        _model = model;
        foreach (var range in classes.Ranges)
        {
            var kept = Enumerable.Range(0, range.Count).Where(place => !removed.Contains(classes.ClassOf(range[place]))).ToList();
            if (kept.Count < range.Count)
                _kept[(range.Operand, range.Axis)] = kept;
        }
    }

    /// <summary>Which places along an axis of a value that a run computes are left; null for all.</summary>
    public IReadOnlyList<int>? Kept(Value activation, int axis) => _kept.GetValueOrDefault((new Operand(activation), axis));

    public void Run()
    {
        var released = new List<Value>();
        foreach (var node in GraphWalker.Nodes(_model).ToList())
        {
            var narrower = Operand.Of(node).Where(operand => Axes(operand).Any()).ToList();
            if (narrower.Count == 0)
                continue;
            // What it says about lengths still is what they were.
            NarrowNode.Adjust(node, _model.OpsetOf(node.Graph!), (operand, axis) => _kept.GetValueOrDefault((operand, axis)));
            foreach (var constant in narrower.Where(operand => operand.IsConstant && node.Input(operand.Slot) == operand.Value))
            {
                released.Add(constant.Value);
                node.SetInput(constant.Slot, Written(constant));
            }
        }
        ConstantValues.RemoveUnused(released);
        foreach (var value in _kept.Keys.Select(axis => axis.Item1).Where(operand => !operand.IsConstant).Distinct())
            Declare(value);
    }

    /// <summary>The runtime refuses a model whose file says of a value what it no longer is.</summary>
    private void Declare(Operand activation)
    {
        var lengths = activation.Shape!.Dimensions.ToBuilder();
        foreach (var (axis, kept) in Axes(activation))
            lengths[axis] = kept.Count;
        var type = activation.Value.Type! with { Shape = new(lengths.ToImmutable()) };
        activation.Value.Infer(type);
        if (activation.Value.Declared is not null)
            activation.Value.Declare(type);
    }

    private IEnumerable<(int Axis, IReadOnlyList<int> Kept)> Axes(Operand operand)
    {
        for (var axis = 0; axis < operand.Rank; axis++)
            if (_kept.TryGetValue((operand, axis), out var kept))
                yield return (axis, kept);
    }

    private Value Written(Operand constant)
    {
        // Where the old one stands: bodies that share it go on sharing.
        var axes = Axes(constant).ToList();
        var key = (constant.Value, string.Join(';', axes.Select(axis => $"{axis.Axis}:{string.Join(',', axis.Kept)}")));
        if (_written.TryGetValue(key, out var written))
            return written;
        var tensor = axes.Aggregate(constant.Value.Constant!, (tensor, axis) => TensorChannels.Keep(tensor, axis.Axis, axis.Kept));
        return _written[key] = _model.AddConstant(constant.Value.Graph, constant.Value.Name, tensor);
    }
}
