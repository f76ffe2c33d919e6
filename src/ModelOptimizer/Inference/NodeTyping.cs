using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>What a rule sees of one node, and where it says what it found. Whatever it doesn't set stays unknown.</summary>
internal sealed class NodeTyping(Node node, long opset, SymbolTable symbols, ElementMap elements, bool runsOnce)
{
    private readonly TensorType?[] _types = new TensorType?[node.Outputs.Count];
    private readonly ImmutableArray<Dimension>?[] _elements = new ImmutableArray<Dimension>?[node.Outputs.Count];

    public Node Node { get; } = node;

    /// <summary>The version of the standard operators.</summary>
    public long Opset { get; } = opset;

    public SymbolTable Symbols { get; } = symbols;

    public int InputCount => Node.Inputs.Count;

    public int OutputCount => Node.Outputs.Count;

    public bool HasInput(int index) => Node.Input(index) is not null;

    public TensorType? Type(int input) => Node.Input(input)?.Type;

    public DataType? ElementType(int input) => Type(input)?.ElementType;

    public Shape? Shape(int input) => Type(input)?.Shape;

    /// <summary>What is known of an input's elements; null when not even their number is.</summary>
    public ImmutableArray<Dimension>? Elements(int input) => Node.Input(input) is { } value ? ElementsOf(value) : null;

    /// <summary>An input's elements when all of them are numbers.</summary>
    public long[]? Int64s(int input) =>
        Elements(input) is { } known && known.All(element => element.Value is not null) ? [.. known.Select(element => element.Value!.Value)] : null;

    public long? Int64(int input) => Int64s(input) is [var only] ? only : null;

    public long Attribute(string name, long defaultValue) => Node.Attributes.GetInt(name, defaultValue);

    public bool Flag(string name, bool defaultValue = false) => Attribute(name, defaultValue ? 1 : 0) != 0;

    public long[]? Attribute(string name) => Node.Attributes.TryGetInts(name)?.ToArray();

    /// <summary>Says what an output is; nothing when the element type is unknown, or the output left out.</summary>
    public void Set(int output, DataType? elementType, Shape? shape)
    {
        if (output < OutputCount && elementType is { } known)
            _types[output] = new TensorType(known, shape is null ? null : Checked(shape));
    }

    public void Set(DataType? elementType, Shape? shape) => Set(0, elementType, shape);

    public void Set(DataType? elementType, IEnumerable<Dimension>? axes) => Set(0, elementType, axes is null ? null : new Shape([.. axes]));

    /// <summary>Says what is known of the first output's elements. Numbers beyond the output's own type are not kept.</summary>
    public void SetElements(IEnumerable<Dimension>? known, int output = 0)
    {
        if (known is not null && output < OutputCount)
            _elements[output] = [.. known];
    }

    /// <summary>
    /// A length that only the run decides, as a symbol of its own. What runs more than once has another length each time, so it gets none.
    /// </summary>
    private Dimension Fresh(Value value, int axis) => runsOnce ? Symbols.Fresh(value.Name.Length > 0 ? value.Name : Node.OpType, axis) : Dimension.Unknown;

    /// <summary>What was found out about an output; an axis about which nothing was gets a symbol of its own.</summary>
    public TensorType? Found(int output) => _types[output] is { Shape: { IsKnown: false } shape } type && Node.Outputs[output] is { } value
        ? type with { Shape = new([.. shape.Dimensions.Select((length, axis) => SymbolTable.IsKnown(length) ? length : Fresh(value, axis))]) }
        : _types[output];

    public ImmutableArray<Dimension>? FoundElements(int output) =>
        _types[output] is { } type && _elements[output] is { } known && ElementMap.Keeps(type) && known.Length == type.Shape!.ElementCount
            ? [.. known.Select(element => Fits(element, type.ElementType) ? element : Dimension.Unknown)]
            : null;

    /// <summary>A negative length comes of operands that contradict each other: the runtime will refuse them in its own words.</summary>
    private static Shape Checked(Shape shape) =>
        shape.Dimensions.Any(length => length.Value < 0) ? shape.Select(length => length.Value < 0 ? Dimension.Unknown : length) : shape;

    /// <summary>What is known of the elements of a value that the node depends on.</summary>
    public ImmutableArray<Dimension>? ElementsOf(Value value) => elements[value] ?? (value.Type is { } type && ElementMap.Keeps(type)
        ? [.. Enumerable.Repeat(Dimension.Unknown, (int)type.Shape!.ElementCount!)]
        : null);

    private static bool Fits(Dimension element, DataType type) => type != DataType.Int32 || element.Value is null or (>= int.MinValue and <= int.MaxValue);
}
