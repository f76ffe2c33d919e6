using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>Finds out which channels of a model go together, in all of its graphs.</summary>
internal static class ChannelMap
{
    /// <summary>Choices among axes depend on each other along a path; a model whose choices take longer keeps what is stuck by then.</summary>
    private const int MostRounds = 16;

    /// <param name="model">Types inferred; bodies and functions are looked at like the main graph.</param>
    public static ChannelClasses Of(OnnxModel model)
    {
        var choices = new AxisChoices();
        for (var round = 1; ; round++)
        {
            var classes = Walk(model, choices);
            if (round == MostRounds || !choices.Reconsider(classes))
                return classes;
        }
    }

    private static ChannelClasses Walk(OnnxModel model, AxisChoices choices)
    {
        var classes = new ChannelClasses();
        foreach (var graph in GraphWalker.Graphs(model))
        {
            var opset = model.OpsetOf(graph);
            foreach (var input in graph.Inputs.Where(input => input.Constant is null))
                HoldAll(classes, new Operand(input), $"'{input}' comes from outside of its graph");
            foreach (var node in graph.Nodes.Where(node => node.ConstantOutput is null))
                Look(node, opset, classes, choices);
            foreach (var output in graph.Outputs)
                HoldAll(classes, new Operand(output.Value), $"'{output.Name}' is an output");
        }
        JoinSharedWeights(classes);
        return classes;
    }

    /// <summary>A weight that several layers multiply by stays one. What only goes along, such as equal biases, may be cut for each reader.</summary>
    private static void JoinSharedWeights(ChannelClasses classes)
    {
        var weights = classes.Ranges.Where(range => ChannelRoles.Of(range) != ChannelRole.Along).GroupBy(range => (range.Operand.Value, range.Axis));
        foreach (var readers in weights.Select(weight => weight.ToList()).Where(readers => readers.Count > 1))
            for (var place = 0; place < readers[0].Count; place++)
                foreach (var other in readers.Skip(1))
                    classes.Unite(readers[0][place], other[place]);
    }

    private static void Look(Node node, long opset, ChannelClasses classes, AxisChoices choices)
    {
        foreach (var constant in Operand.Of(node).Where(operand => operand.Value.Constant is { } tensor && tensor.ElementType.BitWidth() < 8))
            HoldAll(classes, constant, $"'{constant.Value}' holds codes of less than a byte");
        var channels = new NodeChannels(node, opset, classes, choices);
        if (Operand.Of(node).FirstOrDefault(operand => operand.Shape is null) is { Value: not null } unknown)
        {
            channels.Finish($"the shape of '{unknown.Value}' at {node} is unknown");
            return;
        }
        var rule = node.Attributes.HasReferences || node.Bodies.Count > 0 ? null : ChannelRules.Find(node);
        rule?.Invoke(channels);
        channels.Finish(rule is null ? $"no rule tells what {node} makes of fewer" : $"{node} needs all of them");
    }

    private static void HoldAll(ChannelClasses classes, Operand operand, string why)
    {
        for (var axis = 0; axis < operand.Rank; axis++)
            if (classes.Of(operand, axis) is { } range)
                classes.Hold(range, new Anchor(why));
    }
}
