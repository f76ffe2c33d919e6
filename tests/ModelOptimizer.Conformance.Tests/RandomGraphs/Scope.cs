using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Where a graph under construction stands.</summary>
internal enum Place
{
    Main,
    Body,

    /// <summary>The definition of a function, or a body within: no initializers here.</summary>
    Function,
}

/// <summary>One graph under construction: what can be read there, and draws of whatever a rule leaves open.</summary>
internal sealed class Scope(GraphBuilder builder, long opset, Place place)
{
    private const int MaxRank = 5;
    private const int MaxElements = 256;

    private readonly List<Value> _constants = [];

    public GraphBuilder Builder => builder;

    public long Opset => opset;

    /// <summary>How many bodies lie around this graph.</summary>
    public int Depth { get; private init; }

    public Place Place => place;

    /// <summary>All values that later steps may read, oldest first.</summary>
    public List<Item> Items { get; init; } = [];

    /// <summary>The functions that the model has so far.</summary>
    public HashSet<string> Functions { get; init; } = [];

    /// <summary>Draws for the step at work.</summary>
    public Random Draw { get; set; } = new(0);

    /// <summary>A body of a node here, which may read everything that is there so far.</summary>
    public Scope Body(GraphBuilder body)
    {
        var scope = new Scope(body, opset, place == Place.Function ? Place.Function : Place.Body) { Items = [.. Items], Functions = Functions, Draw = Draw, Depth = Depth + 1 };
        scope._constants.AddRange(_constants);
        return scope;
    }

    /// <summary>The definition of a function, which sees its own inputs only and holds no initializers.</summary>
    public Scope Function(GraphBuilder body) => new(body, opset, Place.Function) { Draw = Draw, Depth = Depth + 1 };

    public bool OneIn(int chances) => Draw.Next(chances) == 0;

    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Draw.Next(choices.Length)];

    /// <summary>A value that fits, more likely a late one, so that graphs become deep; null when none fits.</summary>
    public Item? Find(Func<Item, bool> fits)
    {
        var matching = Items.FindAll(item => fits(item));
        return matching.Count == 0 ? null : matching[^(1 + Math.Min(Draw.Next(matching.Count), Draw.Next(matching.Count)))];
    }

    public Item? FindFloat(int minRank = 0) => Find(item => item.IsFloat && item.Rank >= minRank);

    public Item? FindAny(int minRank) => Find(item => item.Rank >= minRank);

    /// <summary>Offers a value to later steps, unless it grew out of hand.</summary>
    public void Add(Item item)
    {
        if (item.Rank <= MaxRank && item.FixedAxes.Aggregate(1L, (product, axis) => product * item.Length(axis)) <= MaxElements)
            Items.Add(item);
    }

    /// <summary>A float constant: sometimes one that is in use already, else a fresh one.</summary>
    public Value Weight(long[] dimensions, float from = -1, float to = 1)
    {
        if (OneIn(3) && _constants.Find(known => Fits(known, dimensions, from, to)) is { } used)
            return used;
        var fresh = Constant(Tensor.Create(dimensions, [.. Enumerable.Range(0, (int)Count(dimensions)).Select(_ => Round(from + (Draw.NextSingle() * (to - from))))]));
        return OneIn(6) ? Computed(fresh) : fresh;
    }

    /// <summary>The same constant by way of nodes, for folding.</summary>
    private Value Computed(Value constant) => Draw.Next(3) switch
    {
        0 => builder.Op("Mul", constant, Fill([], 1)),
        1 => builder.Op("Neg", builder.Op("Neg", constant)),
        _ => builder.Op("Reshape", constant, builder.Op("Shape", constant)),
    };

    /// <summary>A float constant of equal elements.</summary>
    public Value Fill(long[] dimensions, float value) => Constant(Tensor.Create(dimensions, [.. Enumerable.Repeat(value, (int)Count(dimensions))]));

    /// <summary>A vector, as shapes and axes are given.</summary>
    public Value Int64s(params long[] elements) => elements.Length > 1 && OneIn(6)
        ? builder.Op("Concat", [Int64s(elements[..1]), Int64s(elements[1..])], ("axis", 0L))
        : Constant(Tensor.Create([elements.Length], elements));

    /// <summary>A constant in one of the forms that exporters leave; an overridable one now and then.</summary>
    public Value Constant(Tensor tensor)
    {
        var value = place == Place.Function || OneIn(3) ? builder.Constant(tensor)
            : place == Place.Main && tensor.ElementType == DataType.Float && OneIn(16) ? builder.InputWithDefault($"w{_constants.Count}", tensor)
            : builder.Initializer($"c{_constants.Count}", tensor);
        _constants.Add(value);
        return value;
    }

    private static bool Fits(Value constant, long[] dimensions, float from, float to) => constant.Constant is { ElementType: DataType.Float } tensor
        && tensor.Dimensions.AsSpan().SequenceEqual(dimensions)
        && tensor.AsSpan<float>().ToArray().All(element => element >= from && element <= to);

    /// <summary>Few digits, so that products of constants stay exact.</summary>
    private static float Round(float number) => MathF.Round(number * 8) / 8;

    private static long Count(long[] dimensions) => dimensions.Aggregate(1L, (product, length) => product * length);
}
