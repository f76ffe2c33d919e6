using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The two Unsqueezes by which BERT's exporters bring a mask to the shape of attention scores. ONNX Runtime looks for both when it makes one
/// Attention of all that is around them, so that merging them would save a node and lose the operator.
/// </summary>
internal static class MaskUnsqueezes
{
    /// <param name="second">An Unsqueeze that reads what another puts out.</param>
    /// <returns>True for the second one in <c>(1 - Cast(Unsqueeze(Unsqueeze(mask)))) · lowest</c>.</returns>
    public static bool EndWith(Node second)
    {
        var reader = OnlyReader(second);
        if (reader?.Is("Cast") == true)
            reader = OnlyReader(reader);
        return reader?.Is("Sub") == true && reader.Input(0)?.Constant is { ElementCount: 1 } && OnlyReader(reader)?.Is("Mul") == true;
    }

    private static Node? OnlyReader(Node node) => node.Output().Uses is [{ User: { IsReturn: false } reader }] ? reader : null;
}
