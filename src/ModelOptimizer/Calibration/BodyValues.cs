using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Carries values out of bodies of If, Loop and Scan and out of functions to the main graph, by outputs more of each on the way. An If hands
/// out nothing for the branch that it did not take, a loop a stack of what each iteration made.
/// </summary>
/// <param name="model">A model that only serves for observing; its types are inferred.</param>
internal sealed class BodyValues(OnnxModel model)
{
    private readonly HashSet<string> _outerSymbols = [.. model.Graph.Inputs.Concat(model.Graph.MadeValues)
        .SelectMany(value => value.Type?.Shape?.Dimensions ?? []).Select(length => length.Symbol).OfType<string>()];

    private int _names;

    /// <summary>Why a value can't be shown as a whole; null when it can.</summary>
    public string? WhyNotWhole(Value value)
    {
        var loops = 0;
        for (var graph = value.Graph; graph.Owner is { } owner; graph = graph.Outer!)
            if (owner.Is("Loop", "Scan"))
                loops++;
            else if (loops == 0 && EnclosingLoops(owner) > 0)
                return "it lies in a branch inside of a loop, which need not make it in each iteration";
        if (loops > 1)
            return "it lies in a loop inside of a loop, whose iterations need not be as many each time";
        if (loops == 1 && !IsSteady(value.Type))
            return "its shape may differ from iteration to iteration";
        if (RootOf(value.Graph) is { IsFunction: true } function && CallsOf(function).Any(call => call.Graph != model.Graph))
            return "it lies in a function that is called from a body or another function";
        return value.Type is null or { ElementType: DataType.String } ? "it is no tensor of numbers of a known type" : null;
    }

    /// <summary>Why not even its extremes can be shown; null when they can.</summary>
    public string? WhyNotAtAll(Value value)
    {
        if (value.Type is null or { ElementType: DataType.String or DataType.Complex64 or DataType.Complex128 })
            return "it is no tensor of numbers of a known type";
        for (var graph = value.Graph; ; graph = graph.Outer!)
        {
            if (model.OpsetOf(graph) < 9)
                return "observing bodies takes at least opset 9";
            if (graph.Owner is not { } owner)
                return null;
            if (!owner.Is("If", "Loop", "Scan"))
                return $"{owner} is no If, Loop or Scan";
        }
    }

    /// <summary>Carries a value out; of a function, to each of its calls.</summary>
    public IEnumerable<CarriedValue> CarryOut(Value value, bool extremes) =>
        Carry(extremes ? ExtremesIn(value) : value, value.Type!.ElementType, extremes ? CarriedForm.Extremes : CarriedForm.Whole);

    private IEnumerable<CarriedValue> Carry(Value value, DataType type, CarriedForm form)
    {
        var graph = value.Graph;
        if (graph == model.Graph)
            return [new CarriedValue(value, form)];
        var name = $"model-opt:{_names++}";
        if (graph.IsFunction)
        {
            graph.AddOutput(name, value);
            return CallsOf(graph).ToList().SelectMany(call => Carry(call.AppendOutput(""), type, form)).ToList();
        }
        var owner = graph.Owner!;
        graph.AddOutput(name, value);
        foreach (var body in owner.Bodies.Where(body => body.Graph != graph))
            body.Graph.AddOutput($"model-opt:{_names++}", Nothing(body.Graph, form == CarriedForm.Extremes ? null : type));
        var carried = owner.AppendOutput("");
        if (owner.Is("If"))
            return Carry(carried, type, form);
        ExtendScan(owner);
        return form == CarriedForm.Extremes ? Carry(JoinExtremes(carried), type, form) : Carry(carried, type, CarriedForm.Stacked);
    }

    /// <summary>What a branch hands out that does not have the value.</summary>
    private static Value Nothing(Graph graph, DataType? type)
    {
        var nothing = graph.AddConstant("", type is { } known ? Tensor.Over(known, [0], default) : NoExtremes([3]));
        return graph.Insert(null, "Identity", [nothing]).Output();
    }

    private IEnumerable<Node> CallsOf(Graph body)
    {
        var function = model.Functions.Single(function => function.Body == body);
        return GraphWalker.Nodes(model).Where(node => node.OpType == function.Name && node.Domain == function.Domain && node.Overload == function.Overload);
    }

    /// <summary>A Scan that says an axis or a direction for its outputs must say them for all.</summary>
    private static void ExtendScan(Node owner)
    {
        foreach (var attribute in new[] { "scan_output_axes", "scan_output_directions" })
            if (owner.Is("Scan") && owner.Attributes.TryGetInts(attribute) is { } said)
                owner.Attributes.Set(attribute, [.. said, 0L]);
    }

    private static Value ExtremesIn(Value value)
    {
        var graph = value.Graph;
        var (one, zero, lowest) = (Constant(1), Constant(0), Constant(float.NegativeInfinity));
        var cast = graph.Insert(null, "Cast", [value]);
        cast.Attributes.Set("to", (long)DataType.Float);
        var elements = Op("Reshape", cast.Output(), graph.AddConstant("", Tensor.Create([1], -1L)));
        // x − x is zero for what is finite and undefined for everything else, which exceeds nothing.
        var isFinite = Op("Greater", Op("Add", Op("Sub", elements, elements), one), zero);
        var parts = new[]
        {
            Largest(Op("Where", isFinite, Op("Neg", elements), lowest), lowest),
            Largest(Op("Where", isFinite, elements, lowest), lowest),
            Largest(Op("Where", isFinite, zero, one), zero),
        };
        var joined = graph.Insert(null, "Concat", parts);
        joined.Attributes.Set("axis", 0L);
        return joined.Output();

        Value Constant(float number) => graph.AddConstant("", Tensor.Create([1], number));

        Value Op(string type, params Value?[] inputs) => graph.Insert(null, type, inputs).Output();

        // Of nothing there is no largest; with one more element there always is.
        Value Largest(Value numbers, Value atLeast)
        {
            var all = graph.Insert(null, "Concat", [numbers, atLeast]);
            all.Attributes.Set("axis", 0L);
            return Op("ReduceMax", all.Output());
        }
    }

    /// <summary>The extremes of all iterations from a stack of each one's.</summary>
    private Value JoinExtremes(Value stacked)
    {
        var graph = stacked.Graph;
        var all = graph.Insert(null, "Concat", [stacked, graph.AddConstant("", NoExtremes([1, 3]))]);
        all.Attributes.Set("axis", 0L);
        var largest = graph.Insert(null, "ReduceMax", [all.Output()]);
        largest.Attributes.Set("keepdims", 0L);
        if (model.OpsetOf(graph) >= 18)
            largest.SetInput(1, graph.AddConstant("", Tensor.Create([1], 0L)));
        else
            largest.Attributes.Set("axes", [0L]);
        return largest.Output();
    }

    private static Tensor NoExtremes(ReadOnlySpan<long> shape) => Tensor.Create(shape, float.NegativeInfinity, float.NegativeInfinity, 0f);

    private static Graph RootOf(Graph graph) => graph.Outer is { } outer ? RootOf(outer) : graph;

    private static int EnclosingLoops(Node node)
    {
        var loops = 0;
        for (var graph = node.Graph!; graph.Owner is { } owner; graph = graph.Outer!)
            loops += owner.Is("Loop", "Scan") ? 1 : 0;
        return loops;
    }

    /// <summary>Fixed, or of lengths that are known outside of all bodies: those stay as they are during a run.</summary>
    private bool IsSteady(TensorType? type) =>
        type?.Shape?.Dimensions.All(length => length.Value is not null || length.Symbol is { } symbol && _outerSymbols.Contains(symbol)) == true;
}
