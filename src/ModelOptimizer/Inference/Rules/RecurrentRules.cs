using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>LSTM, GRU and RNN: all states, the last hidden state and, for LSTM, the last cell state.</summary>
internal static class RecurrentRules
{
    public static void Recurrent(NodeTyping node)
    {
        var type = node.ElementType(0);
        var directions = node.Node.Attributes.TryGetString("direction") == "bidirectional" ? 2 : 1;
        var hidden = node.Node.Attributes.TryGetInt("hidden_size") is { } size ? size : Dimension.Unknown;
        var isBatchFirst = node.Flag("layout");
        var (steps, batch) = node.Shape(0) is not { Rank: 3 } x ? default : isBatchFirst ? (x[1], x[0]) : (x[0], x[1]);
        var last = isBatchFirst ? new Shape([batch, directions, hidden]) : new Shape([directions, batch, hidden]);
        node.Set(0, type, isBatchFirst ? new Shape([batch, steps, directions, hidden]) : new Shape([steps, directions, batch, hidden]));
        node.Set(1, type, last);
        node.Set(2, type, last);
    }
}
