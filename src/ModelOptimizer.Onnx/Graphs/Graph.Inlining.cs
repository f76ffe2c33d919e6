namespace ModelOptimizer.Onnx;

public sealed partial class Graph
{
    /// <summary>
    /// Moves what a body computes into this graph, before the node that carries it: nodes with their bodies, constants, declarations.
    /// The body is left empty and must go with its node.
    /// </summary>
    /// <param name="body">A body of one of this graph's nodes.</param>
    /// <param name="arguments">What its nodes read from now on in place of its inputs, in order.</param>
    /// <returns>The values that were the body's outputs, in order.</returns>
    public IReadOnlyList<Value> InlineBody(Graph body, params ReadOnlySpan<Value> arguments)
    {
        if (body.Outer != this)
            throw new ArgumentException($"{body.Name} is no body in this graph", nameof(body));
        // Old files list constants among the inputs, too; no node feeds those.
        var formals = body.Inputs.Where(input => input.Initializer is null).ToList();
        for (var i = 0; i < formals.Count; i++)
            formals[i].ReplaceAllUsesWith(arguments[i]);
        foreach (var initializer in body.Initializers)
            Adopt(initializer);
        while (body.Nodes.First is { } node)
            Adopt(node, before: body.Owner!);
        Declarations.AddRange(body.Declarations.Where(declaration => declaration.Value?.Graph == this));
        var outputs = body.Outputs.Select(output => output.Value).ToList();
        body.Clear();
        return outputs;
    }

    /// <summary>
    /// Copies what a model-local function does into this graph, before the node that calls it, with the call's inputs and attributes in the
    /// place of the function's.
    /// </summary>
    /// <param name="call">A node of this graph.</param>
    /// <param name="function">The function that it calls.</param>
    /// <returns>The values that the function hands out, in order; null for an input that the call leaves out.</returns>
    public IReadOnlyList<Value?> InlineFunction(Node call, Function function)
    {
        if (call.Graph != this)
            throw new ArgumentException($"{call} is not in this graph", nameof(call));
        return GraphCloner.CopyInto(new FunctionCall(call, function));
    }

    private void Adopt(Value initializer)
    {
        initializer.IsGraphInput = false;
        if (IsFunction)
        {
            initializer.ReplaceAllUsesWith(AddConstant(initializer.Name, initializer.Initializer!));
            return;
        }
        initializer.Graph = this;
        AddInitializer(initializer);
    }

    private void Adopt(Node node, Node before)
    {
        node.Graph!.Nodes.Unlink(node);
        Nodes.Link(node, before);
        foreach (var output in node.Outputs.OfType<Value>())
            output.Graph = this;
    }

    private void Clear()
    {
        Return.TrimInputs(0);
        _outputs.Clear();
        _initializers.Clear();
        _inputs.Clear();
        Declarations.Clear();
        Touch();
    }
}
