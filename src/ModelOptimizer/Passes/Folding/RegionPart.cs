using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Nodes of a region that share values or weights, so that what they cost can only be told together: four slices of one weight make
/// the weight itself superfluous, one of them does not.
/// </summary>
internal sealed class RegionPart
{
    /// <summary>Smaller constants (axes, indices, scalars) are shared by everything and free nothing worth counting.</summary>
    private const long SmallestWeight = 1 << 10;

    private readonly HashSet<Node> _members;

    private RegionPart(IReadOnlyList<Node> nodes)
    {
        Nodes = nodes;
        _members = [.. nodes];
    }

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<Node> Nodes { get; }

    public static IReadOnlyList<RegionPart> Split(IReadOnlyList<Node> nodes)
    {
        var links = new DisjointSets<object>();
        foreach (var node in nodes)
        {
            links.Add(node);
            foreach (var output in node.Outputs.OfType<Value>())
                links.Join(node, output);
            foreach (var input in node.Inputs.OfType<Value>())
                if (input.Constant is not { } constant || constant.ByteCount >= SmallestWeight)
                    links.Join(node, input);
        }
        return [.. nodes.GroupBy(links.Find).Select(group => new RegionPart([.. group]))];
    }

    /// <summary>Bytes that the model gains when every value read from outside is stored; negative when it shrinks. Null when one can't be.</summary>
    public long? Growth(EvaluationResults results)
    {
        var growth = 0L;
        foreach (var node in Nodes)
            foreach (var output in node.Outputs.OfType<Value>().Where(IsReadOutside))
                if (results.FailureOf(node) is null && results[output] is { } result)
                    growth += result.ByteCount;
                else
                    return null;
        var leaves = Nodes.SelectMany(node => node.Inputs).OfType<Value>().Where(input => input.Constant is not null).Distinct();
        return growth - leaves.Where(leaf => leaf.Uses.All(use => _members.Contains(use.User))).Sum(leaf => leaf.Constant!.ByteCount);
    }

    private bool IsReadOutside(Value value) => value.Uses.Any(use => !_members.Contains(use.User));
}
