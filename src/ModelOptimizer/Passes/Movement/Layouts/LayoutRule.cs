using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// How an operator commutes with a Transpose: <c>f(Transpose(x, order))</c> is <c>Transpose(f'(x), order)</c>, bit for bit, where f' has
/// other attributes and constants.
/// </summary>
internal abstract class LayoutRule
{
    /// <summary>The inputs that the Transpose must come by, if it comes at all.</summary>
    public abstract IEnumerable<int> Moving(Node node);

    /// <summary>Whether it commutes with this order, given that all moving inputs have its rank.</summary>
    public abstract bool Commutes(Node node, ImmutableArray<long> order, long opset);

    /// <summary>Makes f' of f.</summary>
    public abstract void Adapt(Node node, ImmutableArray<long> order, long opset);

    protected static int Resolve(long axis, ImmutableArray<long> order) => (int)(axis < 0 ? axis + order.Length : axis);
}
