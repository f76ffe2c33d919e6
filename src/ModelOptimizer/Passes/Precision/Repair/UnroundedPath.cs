using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets a copy of a quantized model also compute what lies between its products on their results as they were before rounding. What rounding a result
/// costs then shows at the next product, where only operators of ONNX stand between; others are read as they are.
/// </summary>
internal sealed class UnroundedPath
{
    private readonly Dictionary<Value, Value> _unrounded = [];
    private readonly ModelCopy _copy;

    public UnroundedPath(ModelCopy copy)
    {
        _copy = copy;
        foreach (var node in copy.Model.Graph.Nodes.ToList())
            Follow(node);
    }

    /// <summary>What stands in the copy for a value, without roundings since the last products; of one in a body, its copy.</summary>
    public Value Of(Value value) => Find((Value)_copy.CopyOf(value));

    private void Follow(Node node)
    {
        if (node.OpType == "DequantizeLinear")
            FollowCodes(node);
        else if (CanFollow(node) && node.Inputs.Any(input => input is not null && _unrounded.ContainsKey(input)))
            FollowFloats(node);
    }

    /// <summary>Products start anew, and what draws lots would draw others.</summary>
    private static bool CanFollow(Node node) => !node.Is("QuantizeLinear", "DynamicQuantizeLinear", "Conv", "ConvInteger", "ConvTranspose", "Gemm")
        && !node.Is("LSTM", "GRU", "RNN", "Unique")
        && !node.OpType.Contains("MatMul", StringComparison.Ordinal) && node.Bodies.Count == 0 && OperatorCatalog.IsDeterministic(node);

    private void FollowCodes(Node dequantize)
    {
        if (dequantize.Input(0)?.Producer is { OpType: "QuantizeLinear" } quantize && Reach(dequantize) is var (low, high))
            _unrounded[dequantize.Output()] = Clamp(dequantize, Find(quantize.Input(0)!), low, high);
    }

    private void FollowFloats(Node node)
    {
        // Indices, masks and shapes stay the model's own, or other rows would be compared.
        if (!node.Outputs.Any(IsFloat))
            return;
        var twin = node.Graph!.InsertCopyAfter(node, node, [.. node.Inputs.Select(input => input is null ? null : Find(input))]);
        foreach (var (output, other) in node.Outputs.Zip(twin.Outputs))
            if (other is not null && IsFloat(output))
            {
                other.Type = output!.Type;
                _unrounded[output] = other;
            }
    }

    private static bool IsFloat(Value? value) => value?.Type?.ElementType == DataType.Float;

    private Value Find(Value value) => _unrounded.GetValueOrDefault(value, value);

    /// <summary>The numbers that codes can say, which does the work of clamps; null where they have more than one scale.</summary>
    private static (float Low, float High)? Reach(Node dequantize)
    {
        if (dequantize.Input(2)?.Constant?.ElementType is not { } type || DequantizedValue.Scale(dequantize.Output(), type) is not { } scale)
            return null;
        (int Low, int High)? codes = type switch
        {
            DataType.UInt8 => (byte.MinValue, byte.MaxValue),
            DataType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
            DataType.UInt16 => (ushort.MinValue, ushort.MaxValue),
            DataType.Int16 => (short.MinValue, short.MaxValue),
            _ => null,
        };
        return codes is var (low, high) ? (scale.Value(low), scale.Value(high)) : null;
    }

    /// <summary>Written so that every opset has it.</summary>
    private Value Clamp(Node after, Value value, float low, float high)
    {
        var raised = Bound(after, "Max", value, low);
        return Bound(raised.Producer!, "Min", raised, high);
    }

    private Value Bound(Node after, string op, Value value, float bound)
    {
        var graph = after.Graph!;
        var bounded = graph.InsertAfter(after, op, [value, _copy.Model.AddConstant(graph, op, Tensor.Create([], bound))]).Output();
        bounded.Type = value.Type;
        return bounded;
    }
}
