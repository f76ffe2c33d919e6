using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Einstein summation: equal letters are equal axes. Equations with an ellipsis are left to the runtime's own inference.</summary>
internal static class EinsumRule
{
    public static void Einsum(NodeTyping node) => node.Set(node.ElementType(0), Result(node));

    private static IEnumerable<Dimension>? Result(NodeTyping node)
    {
        var equation = node.Node.Attributes.TryGetString("equation")?.Replace(" ", "", StringComparison.Ordinal);
        if (equation is null || equation.Contains('.', StringComparison.Ordinal) || Lengths(node, equation.Split("->")[0]) is not { } lengths)
            return null;
        var result = equation.Split("->") is [_, var named] ? named : OnlyOnce(equation);
        return result.All(lengths.ContainsKey) ? result.Select(letter => lengths[letter]) : null;
    }

    private static Dictionary<char, Dimension>? Lengths(NodeTyping node, string operands)
    {
        var lengths = new Dictionary<char, Dimension>();
        var terms = operands.Split(',');
        for (var i = 0; i < terms.Length; i++)
        {
            if (node.Shape(i) is not { } shape || shape.Rank != terms[i].Length)
                return null;
            for (var axis = 0; axis < shape.Rank; axis++)
                lengths[terms[i][axis]] = lengths.TryGetValue(terms[i][axis], out var known)
                    ? node.Symbols.Broadcast(known, shape[axis])
                    : shape[axis];
        }
        return lengths;
    }

    /// <summary>Without an arrow the result has the letters that appear once, in order.</summary>
    private static string OnlyOnce(string operands) =>
        string.Concat(operands.Where(char.IsLetter).CountBy(letter => letter).Where(pair => pair.Value == 1).Select(pair => pair.Key).Order());
}
