using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What speaks against compressing a weight at all, whatever the form.</summary>
internal static class WeightGuards
{
    /// <summary>Bytes that the names and nodes of a compressed weight cost in the file, about.</summary>
    private const int Overhead = 512;

    /// <summary>Opset from which operators broadcast as NumPy does and Cast names its type by number, which every form relies on.</summary>
    private const long OldestOpset = 7;

    /// <param name="opset">The version by which the graph of the weight is read.</param>
    /// <returns>The reason against, or null.</returns>
    public static string? Refusal(WeightCandidate weight, NodeSelector selector, long opset) =>
        weight.Content.ElementType == DataType.Float || weight.Value.IsOverridable
            ? RefusalOfAnyType(weight, selector, opset)
            : $"it is {weight.Content.ElementType.ToOnnxName()}; only float weights are compressed";

    /// <summary>The same for a weight that is going to be float32.</summary>
    public static string? RefusalOfAnyType(WeightCandidate weight, NodeSelector selector, long opset)
    {
        if (weight.Value.IsOverridable)
            return "it is also a graph input, so that callers may feed another value";
        if (weight.Content.ElementCount == 0)
            return "it has no elements";
        if (weight.Content.ElementCount > Array.MaxLength)
            return "it has more than 2^31 elements";
        if (opset < OldestOpset)
            return $"opset {opset} is too old: convert the model to opset {OldestOpset} or newer first";
        return weight.Uses.Select(use => selector.Refusal(use.User, weight.Value)).FirstOrDefault(why => why is not null);
    }

    /// <summary>The same for a weight as <see cref="HalfWeights.Find"/> gives it, one of 16 bits and one that a tied table reads included.</summary>
    public static string? RefusalOfFound(WeightCandidate found, NodeSelector selector, long opset)
    {
        var read = TiedWeight.Of(found)?.Weight ?? found;
        return (HalfWeights.Is(found) ? RefusalOfAnyType(read, selector, opset) : Refusal(read, selector, opset)) ?? UnknownAttributes(read);
    }

    /// <summary>The reason against a form that depends on attributes of the readers, when a function's caller gives some of them; else null.</summary>
    public static string? UnknownAttributes(WeightCandidate weight) =>
        weight.Uses.Select(use => use.User).FirstOrDefault(reader => reader.Attributes.HasReferences) is { } reader
            ? $"{reader} takes an attribute from the function's caller"
            : null;

    /// <summary>Why so small a gain is not worth it; null when it is.</summary>
    public static string? SmallGain(Tensor content, long bytesAfter) => bytesAfter + Overhead < content.ByteCount
        ? null
        : $"too small: {bytesAfter} bytes instead of {content.ByteCount} are outweighed by the nodes and names they need";

    /// <summary>Warns about a damaged weight and gives the reason to refuse it.</summary>
    public static string NotFinite(WeightCandidate weight, PassContext context)
    {
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.NonFiniteWeights,
            $"Weight '{weight.Name}' holds infinite or undefined values and stays as it is. The model is damaged: export it again."));
        return "it holds infinite or undefined values";
    }
}
