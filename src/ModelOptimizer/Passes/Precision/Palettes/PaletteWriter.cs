using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Writes weights that are codes of tables: nodes with constants alone, which the runtime folds when it loads the model. Gather takes no indices of
/// fewer than 32 bits, so a Cast comes first. Codes that have no type of their own at the model's opset lie in bytes, and one more Gather finds for
/// each byte the codes in it, in a table that all weights share.
/// </summary>
internal sealed class PaletteWriter(PassContext context)
{
    /// <summary>The opsets from which Cast takes types of 4 and of 2 bits.</summary>
    private const long FourBitOpset = 21, TwoBitOpset = 25;

    private readonly Dictionary<(Graph Graph, BitPlane Plane), Value> _tables = [];
    private readonly Dictionary<Graph, Node?> _firsts = [];

    /// <summary>The weight's share in tables of bytes that still have to be written: as large for all that may come to need them.</summary>
    /// <param name="sharers">How many weights those are.</param>
    public long TableShare(WeightCandidate weight, int bits, int sharers) => TableBytes(weight, bits) / Math.Max(1, sharers);

    /// <summary>Bytes of tables that the weight would be the first to need.</summary>
    private long TableBytes(WeightCandidate weight, int bits) => NativeType(weight.Value.Graph, bits) is not null ? 0
        : BitPlane.Of(bits).Where(plane => !_tables.ContainsKey((Outermost(weight.Value.Graph), plane))).Sum(plane => 256L * plane.CodesPerByte);

    /// <summary>Writes the weight for everything that reads it.</summary>
    /// <returns>Bytes of the constants that were added.</returns>
    public long Write(WeightCandidate weight, PalettizedWeight palette)
    {
        var (graph, bytes) = (weight.Value.Graph, palette.ByteCount + TableBytes(weight, palette.Bits));
        var (groups, dimensions) = (palette.Groups, (long[])[.. weight.Content.Dimensions]);
        var shape = palette.Offsets is null && palette.Factors is null ? dimensions : groups.Shape;
        var codes = NativeType(graph, palette.Bits) is { } type ? Native(weight, palette, type, shape) : Planes(weight, palette, shape);
        if (palette.Offsets is { } offsets)
            codes = Insert(graph, "Add", codes, Constant(graph, weight, "offsets", Tensor.Create(DataType.Int32, groups.ChannelShape, offsets)));
        var entries = palette.Entries;
        var restored = Insert(graph, "Gather", Constant(graph, weight, "palette", Tensor.Create([entries.Length], entries)), codes);
        if (palette.Factors is { } factors)
            restored = Insert(graph, "Mul", restored, Constant(graph, weight, "scale", Tensor.Create(groups.ChannelShape, factors)));
        if (shape.Length != dimensions.Length)
            restored = Insert(graph, "Reshape", restored, Constant(graph, weight, "shape", Tensor.Create([dimensions.Length], dimensions)));
        restored.Name = $"{weight.Name}_float";
        weight.Value.ReplaceAllUsesWith(restored);
        return bytes;
    }

    private DataType? NativeType(Graph graph, int bits) => bits switch
    {
        8 => DataType.UInt8,
        4 when context.Opset(graph) >= FourBitOpset => DataType.UInt4,
        2 when context.Opset(graph) >= TwoBitOpset => DataType.UInt2,
        _ => null,
    };

    private Value Native(WeightCandidate weight, PalettizedWeight palette, DataType type, long[] shape)
    {
        var (graph, packed) = (weight.Value.Graph, palette.Bits == 8 ? palette.Codes : new BitPlane(palette.Bits, 0).Pack(palette.Codes));
        return ToInt32(graph, Constant(graph, weight, "codes", Tensor.Create(type, shape, packed)));
    }

    private Value Planes(WeightCandidate weight, PalettizedWeight palette, long[] dimensions)
    {
        var graph = weight.Value.Graph;
        var shape = Constant(graph, weight, "shape", Tensor.Create([dimensions.Length], dimensions));
        Value? codes = null;
        foreach (var plane in BitPlane.Of(palette.Bits))
        {
            var packed = plane.Pack(palette.Codes);
            var bytes = ToInt32(graph, Constant(graph, weight, $"codes{plane.Width}", Tensor.Create(DataType.UInt8, [packed.Length], packed)));
            var part = Insert(graph, "Gather", Table(Outermost(graph), plane), bytes);
            if (palette.Codes.Length % plane.CodesPerByte != 0)
                part = First(graph, part, weight, palette.Codes.Length);
            part = Insert(graph, "Reshape", part, shape);
            codes = codes is null ? part : Insert(graph, "Add", codes, part);
        }
        return codes!;
    }

    /// <summary>So many codes, where the last byte has room for more.</summary>
    private Value First(Graph graph, Value codes, WeightCandidate weight, int count)
    {
        var row = Insert(graph, "Reshape", codes, Constant(graph, weight, "row", Tensor.Create([1], -1L)));
        var slice = Insert(graph, "Slice", row);
        ConstantSlice.Set(slice.Producer!, [new AxisSlice(0, 0, count, 1)], context.Opset(graph));
        return slice;
    }

    /// <summary>What each byte stands for, once for the whole model or function, with a Cast that keeps it small in the file.</summary>
    private Value Table(Graph graph, BitPlane plane) => _tables.TryGetValue((graph, plane), out var known) ? known
        : _tables[(graph, plane)] = ToInt32(graph, context.Model.AddConstant(graph, $"codes{plane.Width}_of_byte",
            Tensor.Create(DataType.UInt8, [256, plane.CodesPerByte], plane.Table())));

    private Value ToInt32(Graph graph, Value codes)
    {
        var cast = Insert(graph, "Cast", codes);
        cast.Producer!.Attributes.Set("to", (long)DataType.Int32);
        return cast;
    }

    private Value Constant(Graph graph, WeightCandidate weight, string suffix, Tensor tensor) =>
        context.Model.AddConstant(graph, $"{weight.Name}_{suffix}", tensor);

    private Value Insert(Graph graph, string opType, params ReadOnlySpan<Value?> inputs)
    {
        // Constants alone are read, and these stand before all that is no constant, or outside.
        if (!_firsts.TryGetValue(graph, out var first))
            _firsts[graph] = first = graph.Nodes.FirstOrDefault(node => !node.Is("Constant"));
        return graph.Insert(first, opType, inputs).Output();
    }

    private static Graph Outermost(Graph graph) => graph.Outer is { } outer ? Outermost(outer) : graph;
}
