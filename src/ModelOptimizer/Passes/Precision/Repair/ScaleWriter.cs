using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Writes scaled constants. Weights that were shared and are scaled alike stay shared.</summary>
internal sealed class ScaleWriter(OnnxModel model)
{
    private readonly Dictionary<Value, List<Value>> _copies = [];
    private readonly List<Value> _released = [];

    /// <summary>The constants of both sides, scaled; or why they can't be.</summary>
    /// <param name="factors">For each channel what the source is multiplied by, and the readers' weights divided by.</param>
    public static (IReadOnlyList<ScaledConstant>? Constants, string? Refusal) Scale(ScaledReaders found, double[] factors)
    {
        var inverse = Array.ConvertAll(factors, factor => 1 / factor);
        var scaled = found.Readers.Select(reader => Weight(reader, [1], inverse))
            .Concat(found.Source.Linear is { } linear ? OfLinear(linear, factors) : [])
            .Concat(found.Source.Operands.Select(operand => OfOperand(operand, factors))).ToList();
        return scaled.FirstOrDefault(each => each.Content.Refusal is not null) is { Content.Refusal: { } why }
            ? (null, why)
            : ([.. scaled.Select(each => new ScaledConstant(each.Node, each.Index, each.Content.Tensor!))], null);
    }

    public void Write(IReadOnlyList<ScaledConstant> constants)
    {
        foreach (var (node, index, content) in constants)
        {
            var old = node.Input(index)!;
            _released.Add(old);
            node.SetInput(index, Copy(old, content));
            if (node.Is("Gemm") && index == 2)
                node.Attributes.Remove("beta");
        }
    }

    /// <summary>Takes the constants away that nothing reads any more.</summary>
    public void RemoveReplaced() => ConstantValues.RemoveUnused(_released);

    private Value Copy(Value old, Tensor content)
    {
        if (!_copies.TryGetValue(old, out var copies))
            _copies[old] = copies = [];
        if (copies.Find(copy => IsSame(copy.Constant!, content)) is { } known)
            return known;
        // What was put aside is compared with next time: the content itself must not stay in memory.
        copies.Add(model.AddConstant(old.Graph, old.Name, content));
        return copies[^1];
    }

    private static bool IsSame(Tensor one, Tensor other) => one.Dimensions.SequenceEqual(other.Dimensions) && one.Bytes.SequenceEqual(other.Bytes);

    private static (Node Node, int Index, RoundedTensor Content) Weight(WeightedNode node, double[] byOutput, double[] byInput) =>
        (node.Node, 1, WeightArithmetic.Scale(node.Content, node.Layout, byOutput, byInput));

    private static IEnumerable<(Node Node, int Index, RoundedTensor Content)> OfLinear(WeightedNode linear, double[] factors)
    {
        yield return Weight(linear, factors, [1]);
        if (!linear.HasBias)
            yield break;
        var bias = linear.Bias()!;
        yield return (linear.Node, 2, WeightArithmetic.Round(DataType.Float, [factors.Length], [.. factors.Select((factor, channel) => factor * bias.At(channel))]));
    }

    private static (Node Node, int Index, RoundedTensor Content) OfOperand(ChannelOperand operand, double[] factors)
    {
        var scaled = factors.Zip(operand.Elements, (factor, element) => factor * element).ToArray();
        return (operand.Node, operand.Index, WeightArithmetic.Round(DataType.Float, operand.Dimensions, scaled));
    }
}

/// <summary>What an input is to read instead of the constant that it reads.</summary>
internal sealed record ScaledConstant(Node Node, int Index, Tensor Content);
