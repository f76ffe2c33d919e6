using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>What values are made of, and what is made of them, through the bodies of If, Loop and Scan.</summary>
internal static class Flow
{
    /// <summary>The values next behind a reader; what a body hands out comes out of the node that owns it.</summary>
    public static IEnumerable<Value> Behind(Use use)
    {
        if (!use.User.IsReturn)
            return use.User.Outputs.Concat(use.User.Bodies.SelectMany(body => body.Graph.Inputs)).OfType<Value>();
        return use.User.Graph?.Owner is not { } owner ? []
            : owner.Is("If") ? owner.Outputs.Skip(use.Index).Take(1).OfType<Value>()
            : owner.Outputs.OfType<Value>();
    }

    /// <summary>What a value is made of. What one iteration of a loop hands to the next is left out, so that no value is made of itself.</summary>
    public static IEnumerable<Value> Before(Value value)
    {
        if (value.Producer is not { } producer)
            return value.IsGraphInput && value.Graph.Owner is { } owner ? owner.Inputs.OfType<Value>() : [];
        if (producer.Bodies.Count == 0)
            return producer.Inputs.OfType<Value>();
        var index = producer.Outputs.Index().First(output => output.Item == value).Index;
        var handedOut = producer.Bodies.SelectMany(body => producer.Is("If") ? body.Graph.Outputs.Skip(index).Take(1) : body.Graph.Outputs);
        return producer.Inputs.OfType<Value>().Concat(handedOut.Select(output => output.Value));
    }

    /// <summary>Every value that a node of the graph or of a body inside it makes of what is fed, in order of execution.</summary>
    public static IEnumerable<(Node Node, Value Value)> Made(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(node => !node.Is("Constant")))
        {
            foreach (var inner in node.Bodies.SelectMany(body => Made(body.Graph)))
                yield return inner;
            foreach (var value in node.Outputs.OfType<Value>())
                yield return (node, value);
        }
    }
}
