using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>How a candidate writes an operator.</summary>
internal enum NumberForm
{
    /// <summary>In floats, like the original.</summary>
    Float,

    /// <summary>Floats, with weights stored in few bits.</summary>
    Weights,

    /// <summary>Floats, with weights stored as codes of a table.</summary>
    Palette,

    /// <summary>Codes, with scales known beforehand.</summary>
    Static,

    /// <summary>Codes, with scales found at run time.</summary>
    Dynamic,

    Float16,
}

/// <summary>The candidate's nodes that do what one node of the original does: all behind a value, back to what stands for other values.</summary>
internal sealed class Region
{
    /// <summary>More nodes than any form of one operator has.</summary>
    private const int Limit = 64;

    private readonly List<Node> _nodes = [];

    private Region()
    {
    }

    /// <summary>The nearest first.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    public NumberForm Form { get; private set; }

    /// <param name="value">Where it ends.</param>
    /// <param name="known">Where it begins: values that stand for some of the original's, as computed.</param>
    /// <param name="rounded">The same, quantized for their readers.</param>
    public static Region Behind(Value value, IReadOnlySet<Value> known, IReadOnlySet<Value> rounded)
    {
        var (region, open, seen, readsRounded) = (new Region(), new Queue<Value>([value]), new HashSet<Node>(), false);
        while (open.TryDequeue(out var next) && region._nodes.Count < Limit)
        {
            if (next != value && (known.Contains(next) || rounded.Contains(next)))
                readsRounded |= rounded.Contains(next);
            else if (next.Producer is { } producer && seen.Add(producer))
            {
                region._nodes.Add(producer);
                foreach (var input in Flow.Before(next))
                    open.Enqueue(input);
            }
        }
        region.Form = region.FormOf(readsRounded);
        return region;
    }

    private NumberForm FormOf(bool readsRounded) => this switch
    {
        _ when _nodes.Exists(node => node.OpType.StartsWith("DynamicQuantize", StringComparison.Ordinal) || node.Is("MatMulInteger", "ConvInteger")) => NumberForm.Dynamic,
        _ when readsRounded || _nodes.Exists(node => node.OpType.StartsWith("QLinear", StringComparison.Ordinal) || node.OpType is "QGemm" or "QuantizeLinear") => NumberForm.Static,
        _ when _nodes.Exists(node => node.OpType is "MatMulNBits" or "GatherBlockQuantized" or "DequantizeLinear") => NumberForm.Weights,
        _ when _nodes.Exists(PaletteForm.Is) => NumberForm.Palette,
        _ when _nodes.Exists(IsHalf) => NumberForm.Float16,
        _ => NumberForm.Float,
    };

    private static bool IsHalf(Node node) => node.Is("Cast") && node.Attributes.GetInt("to", 0) is (long)DataType.Float16 or (long)DataType.BFloat16
        || node.Inputs.OfType<Value>().Any(input => input.Constant?.ElementType is DataType.Float16 or DataType.BFloat16);
}
