using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

internal enum HalfPortKind
{
    /// <summary>All inputs and outputs of a node.</summary>
    Node,

    /// <summary>What stays float32.</summary>
    Fixed,

    /// <summary>An input of the model or of a function.</summary>
    Input,

    /// <summary>An output of the model, of a function, or of the branches of an If.</summary>
    Output,

    /// <summary>What a loop hands from one round to the next.</summary>
    Carried,

    /// <summary>What a Scan cuts into slices.</summary>
    Scanned,

    /// <summary>What a loop collects.</summary>
    Collected,
}

/// <summary>A place whose values are all of one type.</summary>
/// <param name="Owner">A node, a function, or an input or output of the model.</param>
/// <param name="Kind">What of it.</param>
/// <param name="Index">Which of these.</param>
internal readonly record struct HalfPort(object Owner, HalfPortKind Kind, int Index = 0);

/// <summary>
/// Finds where values come from and go to, across the borders of bodies and functions. ONNX wants one type there: an If and both its branches,
/// what a Loop or Scan is fed, carries and hands out, and a function and all its calls.
/// </summary>
internal sealed class HalfPorts(OnnxModel model)
{
    /// <summary>Before opset 9 a Scan ran over a batch and had one input more.</summary>
    private const long PlainScan = 9;

    private readonly Dictionary<Graph, Function> _bodies = model.Functions.ToDictionary(function => function.Body);
    private readonly Dictionary<(string, string, string), Function> _functions = model.Functions
        .DistinctBy(Key).ToDictionary(Key);

    /// <summary>Where a value is made that is no constant.</summary>
    public HalfPort Maker(Value value) => value.Producer is { } node
        ? Output(node, node.Outputs.ToList().IndexOf(value))
        : Input(value.Graph, value);

    /// <summary>Where a slot reads.</summary>
    public HalfPort Reader(Use use) => use.User.IsReturn ? Return(use) : Input(use.User, use.Index);

    private static (string, string, string) Key(Function function) => (function.Domain, function.Name, function.Overload);

    private Function? Called(Node node) => _functions.GetValueOrDefault((node.Domain, node.OpType, node.Overload));

    private HalfPort Input(Graph graph, Value input)
    {
        if (graph == model.Graph)
            return new HalfPort(input, HalfPortKind.Input);
        var index = graph.Inputs.ToList().IndexOf(input);
        return graph.Owner is { } owner ? Formal(owner, index) : new HalfPort(_bodies[graph], HalfPortKind.Input, index);
    }

    private HalfPort Return(Use use)
    {
        var graph = use.User.Graph!;
        if (graph == model.Graph)
            return new HalfPort(graph.Outputs[use.Index], HalfPortKind.Output);
        return graph.Owner is { } owner ? Result(owner, use.Index) : new HalfPort(_bodies[graph], HalfPortKind.Output, use.Index);
    }

    private HalfPort Input(Node node, int index)
    {
        if (Called(node) is { } function)
            return new HalfPort(function, HalfPortKind.Input, index);
        if (node.Bodies.Count > 0)
            return Formal(node, index);
        return new HalfPort(node, HalfOperators.Find(node)?.Float32Inputs.Contains(index) == true ? HalfPortKind.Fixed : HalfPortKind.Node);
    }

    private HalfPort Output(Node node, int index)
    {
        if (Called(node) is { } function)
            return new HalfPort(function, HalfPortKind.Output, index);
        if (node.Bodies.Count == 0)
            return new HalfPort(node, HalfPortKind.Node);
        // A Loop's body hands out its condition first.
        return Result(node, node.Is("Loop") ? index + 1 : index);
    }

    /// <summary>A node's input that is, at the same place, an input of its body.</summary>
    private HalfPort Formal(Node node, int index)
    {
        var carried = Carried(node);
        if (node.Is("Loop"))
            return index < 2 ? new HalfPort(node, HalfPortKind.Fixed) : new HalfPort(node, HalfPortKind.Carried, index - 2);
        if (!IsPlainScan(node))
            return new HalfPort(node, HalfPortKind.Fixed);
        return index < carried ? new HalfPort(node, HalfPortKind.Carried, index) : new HalfPort(node, HalfPortKind.Scanned, index - carried);
    }

    /// <summary>An output of a node's body.</summary>
    private HalfPort Result(Node node, int index)
    {
        if (node.Is("If"))
            return new HalfPort(node, HalfPortKind.Output, index);
        var place = node.Is("Loop") ? index - 1 : index;
        if (place < 0 || !(node.Is("Loop") || IsPlainScan(node)))
            return new HalfPort(node, HalfPortKind.Fixed);
        var carried = Carried(node);
        return place < carried ? new HalfPort(node, HalfPortKind.Carried, place) : new HalfPort(node, HalfPortKind.Collected, place - carried);
    }

    private bool IsPlainScan(Node node) => node.Is("Scan") && model.OpsetOf(node.Graph!) >= PlainScan;

    private static int Carried(Node node) => node.Inputs.Count - (node.Is("Loop") ? 2 : (int)node.Attributes.GetInt("num_scan_inputs", 0));
}
