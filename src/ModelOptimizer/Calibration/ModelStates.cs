using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Tells how often a model has changed since a pass began: equal copies are the same state. Tensors are compared by identity, since they never
/// change and copies share them.
/// </summary>
internal sealed class ModelStates
{
    private readonly ConditionalWeakTable<Tensor, object> _tensors = [];
    private readonly Dictionary<UInt128, int> _states = [];
    private long _nextTensor;

    /// <summary>The number of the state, from 0 in the order of their first appearance.</summary>
    public int Of(OnnxModel model)
    {
        var hash = Hash(model);
        if (!_states.TryGetValue(hash, out var state))
            _states.Add(hash, state = _states.Count);
        return state;
    }

    private UInt128 Hash(OnnxModel model)
    {
        var hash = new XxHash128();
        var ids = new Dictionary<Value, int>();
        foreach (var graph in GraphWalker.Graphs(model))
        {
            foreach (var value in graph.Inputs.Concat(graph.Initializers))
                Add(value.Initializer is { } tensor ? $"constant {Id(value)} {IdOf(tensor)}" : $"input {Id(value)} {value.Name}");
            foreach (var node in graph.Nodes)
                Add($"{node.Domain}.{node.OpType}:{node.Overload}({Join(node.Inputs)})->({Join(node.Outputs)}) {ContentOf(node)}");
            Add($"return {Join(graph.Outputs.Select(output => output.Value))}");
        }
        return hash.GetCurrentHashAsUInt128();

        void Add(string text) => hash.Append(Encoding.UTF8.GetBytes(text + "\n"));

        int Id(Value value)
        {
            if (!ids.TryGetValue(value, out var id))
                ids.Add(value, id = ids.Count);
            return id;
        }

        string Join(IEnumerable<Value?> values) => string.Join(',', values.Select(value => value is null ? -1 : Id(value)));
    }

    private string ContentOf(Node node) => node.ConstantOutput is { } tensor ? $"={IdOf(tensor)}" : $"{node.Attributes.ContentHash}";

    private long IdOf(Tensor tensor) => (long)_tensors.GetValue(tensor, _ => Interlocked.Increment(ref _nextTensor));
}
