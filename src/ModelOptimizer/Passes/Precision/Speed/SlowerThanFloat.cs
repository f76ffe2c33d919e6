using System.Collections.Frozen;
using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Finds what static quantization would make slower: layers with too few channels or positions, depthwise convolutions, and islands of integers
/// among floats, whose codes cost more than the arithmetic gains. All is weighed together: for every node either form has its time, and so has each
/// value that some make or read as codes and others as floats; the cheapest division is a minimum cut. Size counts a little, so that large weights
/// with little to compute, as those of squeeze-and-excitation, are not kept for the sake of a thousandth of the time.
/// </summary>
internal sealed class SlowerThanFloat
{
    private static readonly FrozenSet<string> s_elementwise = FrozenSet.Create(
        "Abs", "Add", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Max", "Min", "Mish", "Mul", "PRelu", "Pow",
        "Relu", "Sigmoid", "Softplus", "Sqrt", "Sub", "Sum", "Swish", "Tanh");

    /// <summary>What all weights together are worth, as a share of the time of all nodes.</summary>
    private const double WorthOfSize = 0.15;

    private readonly IReadOnlyDictionary<Node, StaticNode> _chosen;
    private readonly TypicalShapes _shapes;
    private readonly Dictionary<Node, int> _numbers = [];
    private readonly List<int[]> _groups = [];
    private readonly List<long> _costs = [];

    private SlowerThanFloat(OnnxModel model, IReadOnlyDictionary<Node, StaticNode> chosen)
    {
        (_chosen, _shapes) = (chosen, new TypicalShapes(model));
        foreach (var node in GraphWalker.Nodes(model).Where(node => chosen.ContainsKey(node) || Moves(node)))
            _numbers.Add(node, _numbers.Count);
    }

    private int Float => _numbers.Count;

    private int Codes => _numbers.Count + 1;

    /// <summary>Products that are quantized because nothing tells what that takes.</summary>
    /// <param name="model">A model whose types have been inferred.</param>
    /// <param name="chosen">What is quantized.</param>
    public static IReadOnlyList<StaticNode> Unjudged(OnnxModel model, IReadOnlyList<StaticNode> chosen)
    {
        var shapes = new TypicalShapes(model);
        return [.. chosen.Where(node => node.Operator is { Kind: QuantizedKind.Product, OnRequest: null } && IsUnjudged(node))];

        bool IsUnjudged(StaticNode node) => node.Precision.Activations.Type == DataType.Int8
            || (node.Precision.Activations.Type == DataType.UInt8 && KernelTimes.Of(node.Node, shapes) is null);
    }

    /// <summary>Finds the nodes and the reasons.</summary>
    /// <param name="model">A model whose types have been inferred.</param>
    /// <param name="chosen">What could be quantized.</param>
    public static IReadOnlyDictionary<Node, string> Find(OnnxModel model, IReadOnlyDictionary<Node, StaticNode> chosen) =>
        new SlowerThanFloat(model, chosen).Find();

    private Dictionary<Node, string> Find()
    {
        var gains = Gains();
        foreach (var node in _chosen.Keys)
            if (!gains.TryGetValue(node, out var gain))
                Add(MinimumCut.Unlimited, _numbers[node], Codes);
            else
                Add((long)Math.Abs(gain.Time + gain.Worth), _numbers[node], gain.Time + gain.Worth > 0 ? Codes : Float);
        foreach (var readers in _chosen.Values.Where(node => node.Constants.Any(node.IsWeight)).GroupBy(node => node.Node.Input(1)!))
            Add(MinimumCut.Unlimited, [.. readers.Select(node => _numbers[node.Node])]);
        foreach (var value in _numbers.Keys.SelectMany(Borders).Distinct())
            Add((long)Border(value), [.. Ends(value).Distinct()]);
        var isFloat = MinimumCut.FirstSide(_numbers.Count + 2, _groups, group => _costs[group], [Float], [Codes]);
        return _chosen.Keys.Where(node => isFloat[_numbers[node]]).ToDictionary(node => node, node => Reason(gains[node].Time));
    }

    /// <summary>What each node's own arithmetic gains by integers, and what its smaller weight is worth, in nanoseconds.</summary>
    private Dictionary<Node, (double Time, double Worth)> Gains()
    {
        var times = _chosen.Values.Where(node => !IsAsked(node) && !IsUnknown(node)).Select(node => node.Node)
            .ToDictionary(node => node, node => KernelTimes.Of(node, _shapes) ?? (0, 0));
        var sizes = times.Keys.ToDictionary(node => node, node => (double)(node.Input(1)?.Constant?.ElementCount ?? 0));
        var worth = WorthOfSize * times.Values.Sum(time => time.Plain) / Math.Max(1, sizes.Values.Sum());
        return times.ToDictionary(pair => pair.Key, pair => (pair.Value.Plain - pair.Value.Coded, worth * sizes[pair.Key]));
    }

    private void Add(long cost, params int[] group)
    {
        if (group.Length < 2 || cost <= 0)
            return;
        _groups.Add(group);
        _costs.Add(cost);
    }

    private static string Reason(double gain)
    {
        var time = string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(gain) / 1000:0.#} µs");
        var what = gain > 0 ? $"about {time} less, and the codes around it cost more than that" : $"about {time} longer, codes around it apart";
        return $"slower than float: in 8 bits it takes {what}; 'prefer: size' quantizes it all the same";
    }

    /// <summary>What is quantized on request only was asked for, and so were other types of activations than the fast one.</summary>
    private static bool IsAsked(StaticNode node) => node.Operator.OnRequest is not null || node.Precision.Activations.Type != DataType.UInt8;

    /// <summary>Of a product whose shapes nobody knows, nobody can say that it were slower.</summary>
    private bool IsUnknown(StaticNode node) => node.Operator.Kind == QuantizedKind.Product && KernelTimes.Of(node.Node, _shapes) is null;

    private static bool Moves(Node node) => QuantizableOperators.Moves(node) || QuantizableOperators.Find(node) is { Kind: QuantizedKind.Clamp };

    /// <summary>Values that a node may have as codes.</summary>
    private IEnumerable<Value> Borders(Node node)
    {
        if (!_chosen.TryGetValue(node, out var computing))
            return node.Outputs.OfType<Value>().Prepend(node.Input(0)!).Where(value => value.Constant is null);
        var read = computing.Activations.Select(index => node.Input(index)!);
        return computing.Operator.NeedsOutput ? read.Concat(node.Outputs.OfType<Value>()) : read;
    }

    /// <summary>What makes the value and what reads it.</summary>
    private IEnumerable<int> Ends(Value value) => value.Uses.Select(Reader).Prepend(Maker(value));

    /// <summary>What was rounded before comes as codes, and those who read it as floats pay for that.</summary>
    private int Maker(Value value) => DequantizedValue.Scale(value, DataType.UInt8) is not null ? Codes
        : value.Producer is { } node && _numbers.TryGetValue(node, out var number)
        && (!_chosen.TryGetValue(node, out var computing) || computing.Operator.NeedsOutput) ? number : Float;

    private int Reader(Use use)
    {
        if (ReadsCodes(use))
            return Codes;
        if (!_numbers.TryGetValue(use.User, out var number))
            return Float;
        var readsCodes = _chosen.TryGetValue(use.User, out var computing) ? computing.Activations.Contains(use.Index) : use.Index == 0;
        return readsCodes ? number : Float;
    }

    /// <summary>Who reads it, behind codes that were there before, too.</summary>
    private static IEnumerable<Node> Readers(Use use) => use.User.OpType != "QuantizeLinear" ? [use.User]
        : use.User.Output().Uses.Where(code => code.User.OpType == "DequantizeLinear").SelectMany(code => code.User.Output().Uses)
            .Select(code => code.User);

    /// <summary>True for what was quantized before.</summary>
    private static bool ReadsCodes(Use use) => use.Index == 0
        && (use.User.OpType == "QuantizeLinear"
            || (use.User.Input(1) is { } weight && DequantizedValue.IsConstant(weight) && DequantizedValue.Is(use.User.Input(0)!)));

    /// <summary>What it costs where some have it as codes and others as floats.</summary>
    private double Border(Value value)
    {
        var (elements, nodes) = (_shapes.Elements(value), value.Uses.SelectMany(Readers).ToList());
        if ((DequantizedValue.Scale(value, DataType.UInt8) is null ? value : value.Producer!.Input(0)!.Producer!.Input(0))?.Producer is { } maker)
            nodes.Add(maker);
        if (!nodes.Exists(node => node.Is("Conv", "ConvTranspose")))
            return KernelTimes.OfMatrix(elements);
        return nodes.Exists(node => s_elementwise.Contains(node.OpType) && !_numbers.ContainsKey(node))
            ? KernelTimes.OfElements(elements)
            : KernelTimes.OfPicture(elements);
    }
}
