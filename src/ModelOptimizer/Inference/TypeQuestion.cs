using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>One input of an operator that the runtime is asked about: its type, and its content when that is small and known.</summary>
internal readonly record struct TypedInput(TensorType Type, Tensor? Content);

/// <summary>
/// An operator over inputs of certain types, whose symbols are replaced by numbered ones: what the runtime answers holds for all that ask
/// the same, whatever their symbols are called.
/// </summary>
internal sealed class TypeQuestion : IEquatable<TypeQuestion>
{
    /// <summary>Larger constants are told by their type only: no shape depends on their content, and they needn't be copied.</summary>
    private const long LargestContentBytes = 8 * 1024;

    private readonly List<string> _symbols = [];
    private readonly string _text;

    private TypeQuestion(Node node, long opset, IReadOnlyList<TypedInput?> inputs)
    {
        Opset = opset;
        Inputs = [.. inputs.Select(input => input is { } known ? Number(known) : (TypedInput?)null)];
        // The node may change, what was asked must not.
        Node = OnnxModel.Create(8, new Dictionary<string, long>()).Graph.InsertCopy(null, node, []);
        _text = $"{node.Domain}.{node.OpType}:{node.Overload}@{opset}({string.Join(", ", Inputs.Select(Describe))})*{node.Outputs.Count}";
    }

    public Node Node { get; }

    public long Opset { get; }

    /// <summary>In order; null where an optional one is left out.</summary>
    public ImmutableArray<TypedInput?> Inputs { get; }

    /// <summary>Null when it can't be asked: a type is missing, or it carries bodies.</summary>
    public static TypeQuestion? About(Node node, NodeTyping typing)
    {
        if (node.Bodies.Count > 0 || node.Inputs.Any(input => input is { Type: null }))
            return null;
        return new TypeQuestion(node, typing.Opset, [.. node.Inputs.Select((input, i) =>
            input is null ? (TypedInput?)null : new TypedInput(input.Type!, ContentOf(input, typing, i)))]);
    }

    /// <summary>Gives an answered shape the symbols of this question again; what the runtime made up is unknown.</summary>
    public Shape? Restore(Shape? shape) => shape is null ? null : new([.. shape.Dimensions.Select(Restore)]);

    private Dimension Restore(Dimension length) => length.Value is not null ? length
        : Enumerable.Range(0, _symbols.Count).FirstOrDefault(i => NameOf(i) == length.Symbol, -1) is var index and >= 0 ? _symbols[index] : Dimension.Unknown;

    private TypedInput Number(TypedInput input) => input.Type.Shape is not { } shape ? input
        : input with { Type = input.Type with { Shape = new([.. shape.Dimensions.Select(Number)]) } };

    private Dimension Number(Dimension length)
    {
        if (length.Value is not null || string.IsNullOrEmpty(length.Symbol))
            return length;
        if (!_symbols.Contains(length.Symbol))
            _symbols.Add(length.Symbol);
        return NameOf(_symbols.IndexOf(length.Symbol));
    }

    private static string NameOf(int index) => $"s{index}";

    private static Tensor? ContentOf(Value value, NodeTyping typing, int input)
    {
        if (value.Constant is { } constant)
            return constant.ByteCount <= LargestContentBytes ? constant : null;
        if (typing.Int64s(input) is not { } numbers || value.Type is not { ElementType: DataType.Int64, Shape: { } shape })
            return null;
        return Tensor.Create(shape.Rank == 0 ? [] : [numbers.Length], numbers);
    }

    private static string Describe(TypedInput? input) => input is not { } known ? "-"
        : known.Content is { } content ? $"{known.Type}={Convert.ToHexString(content.Bytes)}" : known.Type.ToString();

    public bool Equals(TypeQuestion? other) => other is not null && _text == other._text && Node.Attributes.ContentEquals(other.Node.Attributes);

    public override bool Equals(object? obj) => Equals(obj as TypeQuestion);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);
}
