using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Puts one value in the place of another.</summary>
internal static class Placement
{
    /// <summary>Lets the value be read where the node's output was, under its name and with its type, and takes the node away.</summary>
    public static void TakePlaceOf(this Value value, Node node)
    {
        var old = node.Output();
        value.Name = old.Name;
        if (old.Type is { } type)
            value.Infer(type);
        node.ReplaceWith(value);
    }
}
