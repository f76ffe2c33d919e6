using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Weights that codes find in a table, as nodes that read nothing but constants.</summary>
internal static class PaletteForm
{
    /// <summary>More than any such weight has between its table and its codes.</summary>
    private const int Limit = 32;

    /// <summary>True for the Gather that puts out the floats.</summary>
    public static bool Is(Node node) => node.OpType == "Gather" && node.Input(0)?.Constant is { Dimensions.Length: 1 } table
        && table.ElementType.IsFloatingPoint() && node.Input(1) is { Constant: null } codes && Behind(codes) is not null;

    /// <summary>The bits of a code.</summary>
    /// <param name="palette">A node that this form is of.</param>
    public static int Bits(Node palette)
    {
        var casts = Behind(palette.Input(1)!)!.Where(node => node.OpType == "Cast").ToList();
        // Where the codes lie in bytes, a table for each part of them has the codes of a byte in a row, in as many rows as there are bytes.
        var parts = casts.Where(IsTable).Sum(cast => 8 / (int)cast.Input(0)!.Constant!.Dimensions[1]);
        return parts > 0 ? parts : casts.Select(cast => cast.Input(0)?.Constant?.ElementType.BitWidth() ?? 0).FirstOrDefault();
    }

    private static bool IsTable(Node cast) => cast.Input(0)?.Constant is { ElementType: DataType.UInt8, Dimensions: [256, 1 or 2 or 4 or 8] }
        && cast.Output().Uses.All(use => use.User.OpType == "Gather" && use.Index == 0);

    /// <summary>The nodes that make a value of constants; null when it depends on anything else.</summary>
    private static List<Node>? Behind(Value value)
    {
        var (nodes, open, seen) = (new List<Node>(), new Stack<Value>([value]), new HashSet<Value>());
        while (open.TryPop(out var next))
        {
            if (next.Constant is not null || !seen.Add(next))
                continue;
            if (next.Producer is not { } node || nodes.Count >= Limit || !node.Is("Cast", "Gather", "Reshape", "Slice", "Add"))
                return null;
            nodes.Add(node);
            foreach (var input in node.Inputs.OfType<Value>())
                open.Push(input);
        }
        return nodes;
    }
}
