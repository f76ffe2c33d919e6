using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The nodes whose results a graph can read, by what they compute: its own so far, then those of the graphs around it.</summary>
internal sealed class ExpressionScope(ExpressionScope? outer)
{
    /// <summary>Whose operands may change places, to the last bit. Max and Min are not here: of two zeros they may take either.</summary>
    private static readonly FrozenSet<string> Commutative =
        FrozenSet.Create("Add", "Mul", "And", "Or", "Xor", "Equal", "BitwiseAnd", "BitwiseOr", "BitwiseXor");

    private readonly Dictionary<Expression, Node> _nodes = [];
    private readonly ExpressionScope? _outer = outer;

    /// <summary>A node before this one that computes the same; else null, and <paramref name="node"/> is such a one from now on.</summary>
    public Node? FindOrAdd(Node node)
    {
        var expression = new Expression(node);
        if (Find(expression) is { } equal)
            return equal;
        _nodes.Add(expression, node);
        return null;
    }

    /// <summary>A node that computes the same; null when there is none.</summary>
    public Node? Find(Node node) => Find(new Expression(node));

    private Node? Find(Expression expression) => _nodes.GetValueOrDefault(expression) ?? _outer?.Find(expression);

    /// <summary>An operator over certain values. Its hash is taken once: later rewrites may let the node read an equal value instead.</summary>
    private readonly struct Expression(Node node) : IEquatable<Expression>
    {
        private readonly Node _node = node;
        private readonly int _hash = HashOf(node);

        public bool Equals(Expression other) =>
            _node.OpType == other._node.OpType && _node.Domain == other._node.Domain && _node.Overload == other._node.Overload
            // How many outputs there are may be what is asked for: Split cuts into as many parts, old BatchNormalization trains for them.
            && _node.Outputs.Count == other._node.Outputs.Count
            && HaveSameInputs(_node, other._node) && _node.Attributes.ContentEquals(other._node.Attributes);

        public override bool Equals(object? obj) => obj is Expression other && Equals(other);

        public override int GetHashCode() => _hash;

        private static bool HaveSameInputs(Node first, Node second) => first.Inputs.SequenceEqual(second.Inputs)
            || (IsCommutative(first) && first.Input(0) == second.Input(1) && first.Input(1) == second.Input(0));

        private static bool IsCommutative(Node node) => node.Domain.Length == 0 && node.Inputs.Count == 2 && Commutative.Contains(node.OpType);

        private static int HashOf(Node node)
        {
            var hash = new HashCode();
            hash.Add(node.OpType);
            hash.Add(node.Attributes.ContentHash);
            if (IsCommutative(node))
                AddUnordered(ref hash, node.Input(0)!.GetHashCode(), node.Input(1)!.GetHashCode());
            else
                foreach (var input in node.Inputs)
                    hash.Add(input);
            return hash.ToHashCode();
        }

        /// <summary>Not their exclusive or: that is 0 for every x + x, and looking one of many up would take as long as going through them all.</summary>
        private static void AddUnordered(ref HashCode hash, int first, int second)
        {
            hash.Add(Math.Min(first, second));
            hash.Add(Math.Max(first, second));
        }
    }
}
