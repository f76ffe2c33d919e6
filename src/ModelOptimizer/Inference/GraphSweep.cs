using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Types the nodes of a graph in order of execution, bodies included.</summary>
/// <param name="runsOnce">False for what may run several times over other data, where one name can't stand for one length.</param>
internal sealed class GraphSweep(long opset, SymbolTable symbols, ElementMap elements, RuntimeTypes runtime, FunctionCalls calls, bool runsOnce)
{
    /// <summary>Loops inside loops are swept again for each guess about the outer one; those nested deeper get no guess.</summary>
    private const int DeepestGuess = 4;

    private int _loopDepth;

    public bool RunsOnce { get; } = runsOnce;

    public SymbolTable Symbols => symbols;

    public ElementMap Elements => elements;

    /// <summary>True while a guess about what a loop carries is worth the sweeps that it takes.</summary>
    public bool MayGuess => _loopDepth <= DeepestGuess;

    public void Sweep(Graph graph)
    {
        foreach (var node in graph.Nodes)
            if (!node.Is("Constant") || node.ConstantOutput is null)
                Type(node);
    }

    /// <summary>A sweep like this one over a body that may run any number of times.</summary>
    public GraphSweep Repeated() => new(opset, symbols, elements, runtime, calls, runsOnce: false) { _loopDepth = _loopDepth + 1 };

    /// <summary>A sweep like this one over a function's definition, which may be called any number of times.</summary>
    public GraphSweep Into(long functionOpset) => new(functionOpset, symbols, elements, runtime, calls, runsOnce: false) { _loopDepth = _loopDepth };

    private void Type(Node node)
    {
        var typing = new NodeTyping(node, opset, symbols, elements, RunsOnce);
        try
        {
            if (!node.Attributes.HasReferences)
                Apply(node, typing);
        }
        catch (Exception e) when (e is ArithmeticException or ArgumentException or IndexOutOfRangeException)
        {
            // Attributes and shapes that contradict each other: the runtime will refuse the node in its own words.
            typing = new NodeTyping(node, opset, symbols, elements, RunsOnce);
        }
        Store(node, typing);
    }

    private void Apply(Node node, NodeTyping typing)
    {
        if (calls.Find(node) is { } function)
            calls.Type(function, node, typing, this);
        else if (node.Is("If"))
            BranchRules.If(typing, this);
        else if (node.Is("Loop"))
            LoopRules.Loop(typing, this);
        else if (node.Is("Scan"))
            LoopRules.Scan(typing, this);
        else if (RuleTable.Find(node) is { } rule)
            rule(typing);
        else
            runtime.Type(node, typing);
    }

    private void Store(Node node, NodeTyping typing)
    {
        for (var i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i] is { } output)
                Store(output, typing.Found(i), typing.FoundElements(i));
    }

    /// <summary>Notes what was found; where nothing was, what the file declares has to do.</summary>
    public void Store(Value value, TensorType? type, ImmutableArray<Dimension>? known)
    {
        value.Infer(type ?? Declared(value));
        if (known is { } list)
            elements.Set(value, list);
        else
            elements.Forget(value);
    }

    private TensorType? Declared(Value value) => value.Declared is { Shape: { } shape } type
        ? type with { Shape = new([.. shape.Dimensions.Select(Declared)]) }
        : value.Declared;

    private Dimension Declared(Dimension length) =>
        length.Value >= 0 ? length : RunsOnce && !ModelInputs.IsPlaceholder(length.Symbol) ? symbols.Named(length.Symbol) : Dimension.Unknown;
}
