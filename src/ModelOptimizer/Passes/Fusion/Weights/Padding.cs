using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What a convolution pads its input with.</summary>
internal static class Padding
{
    /// <summary>Why a term added to the input can't be folded into the weights: padding doesn't get it. Null when it can.</summary>
    public static string? Refusal(Node node)
    {
        if (node.Is("ConvTranspose"))
            return "places at the border of a ConvTranspose get only a part of the shift";
        return node.Is("Conv") && !IsNone(node) ? "the Conv pads with zeros, which the shift does not reach" : null;
    }

    /// <summary>True when the node reads its input only.</summary>
    public static bool IsNone(Node node) => node.Attributes.TryGetString("auto_pad") switch
    {
        null or "NOTSET" or "" => node.Attributes.TryGetInts("pads") is not { } pads || pads.All(pad => pad == 0),
        "VALID" => true,
        _ => false,
    };
}
