using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Opset 9: Scan has no batch axis any more. A batch of one is taken off the inputs and put on the outputs; larger ones would need a loop
/// around the loop.
/// </summary>
internal static class BatchedScan
{
    public static Outcome Unbatch(Node node)
    {
        if (node.Input(0) is not null)
            return Outcome.Refused("it has sequences of different length in one batch, which newer versions can't");
        var inputs = node.Inputs.Skip(1).ToList();
        if (inputs.Exists(input => input?.Type?.Shape is not { Rank: > 0 } shape || shape[0].Value != 1))
            return Outcome.Refused("its batch is not known to be 1, and newer versions have no batch");
        for (var i = 0; i < inputs.Count; i++)
            node.SetInput(i, Squeeze(node, inputs[i]!));
        node.TrimInputs(inputs.Count);
        foreach (var output in node.Outputs.OfType<Value>())
            Unsqueeze(node, output);
        if (node.Attributes.TryGetInts("directions") is { } directions)
            node.Attributes.Set("scan_input_directions", directions);
        node.Attributes.Remove("directions");
        return Outcome.Done;
    }

    private static Value Squeeze(Node node, Value batched)
    {
        var squeeze = node.Graph!.Insert(node, "Squeeze", [batched]);
        squeeze.Attributes.Set("axes", new long[] { 0 });
        return squeeze.Output();
    }

    private static void Unsqueeze(Node node, Value output)
    {
        var unsqueeze = node.Graph!.InsertAfter(node, "Unsqueeze", []);
        output.ReplaceAllUsesWith(unsqueeze.Output());
        unsqueeze.SetInput(0, output);
        unsqueeze.Attributes.Set("axes", new long[] { 0 });
        if (output.Type is { Shape: { } shape } type)
        {
            unsqueeze.Output().Infer(type);
            output.Infer(type with { Shape = new Shape(shape.Dimensions.RemoveAt(0)) });
        }
    }
}
