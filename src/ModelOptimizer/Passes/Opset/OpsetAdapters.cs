using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Converts one node to the step's version of its operator, in place or by putting others where it stood. Guards come first: a node that is
/// refused must not have been touched.
/// </summary>
internal delegate Outcome OpsetAdapter(Node node, OpsetStep step);

/// <summary>Which adapter converts which operator to which version: a row for each star of <see cref="OperatorHistory"/>.</summary>
internal static class OpsetAdapters
{
    private static readonly FrozenDictionary<(string Operator, long Version), OpsetAdapter> s_adapters = new[]
    {
        Row(2, IntegerAttributes.ConvertNorm, "GlobalLpPool"),
        Row(2, IntegerAttributes.ConvertPool, "LpPool"),
        Row(2, PadInputs.Rename, "Pad"),
        Row(2, SplitInputs.ToAttribute, "Split"),
        Row(4, AddedDefaults.ConcatAxis, "Concat"),
        Row(5, ShapeInputs.Reshape, "Reshape"),
        Row(6, ObsoleteAttributes.DropConsumedInputs, "Abs", "Add", "BatchNormalization", "Ceil", "Clip", "Div", "Dropout", "Elu", "Exp", "Floor",
            "HardSigmoid", "InstanceNormalization", "LeakyRelu", "Log", "Max", "Mean", "Min", "Mul", "Neg", "PRelu", "Reciprocal", "Relu", "Sigmoid",
            "Sqrt", "Sub", "Sum", "Tanh"),
        Row(6, AddedDefaults.Selu, "Selu"),
        Row(6, IntegerAttributes.ConvertCast, "Cast"),
        Row(6, ShapeInputs.Tile, "Tile"),
        Row(7, Broadcasting.FromAxis, "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less"),
        Row(7, Broadcasting.Slope, "PRelu"),
        Row(7, Broadcasting.DropAttribute, "Gemm"),
        Row(7, TrainingModes.RequireTest, "BatchNormalization", "Dropout"),
        Row(7, ObsoleteAttributes.DropOutputSequence, "RNN", "GRU", "LSTM"),
        Row(7, Resizing.JoinScales, "Upsample"),
        Row(9, TrainingModes.RequireSpatial, "BatchNormalization"),
        Row(9, Resizing.ScalesToInput, "Upsample"),
        Row(9, BatchedScan.Unbatch, "Scan"),
        Row(10, SliceInputs.Convert, "Slice"),
        Row(10, ShapeInputs.TopK, "TopK"),
        Row(10, Resizing.ToResize, "Upsample"),
        Row(10, TrainingModes.RequireUnreadMask, "Dropout"),
        Row(11, ClipInputs.Convert, "Clip"),
        Row(11, PadInputs.Convert, "Pad"),
        Row(11, Resizing.SayRounding, "Resize"),
        Row(11, RenamedOperators.ToScatterElements, "Scatter"),
        Row(12, TrainingModes.RatioToInput, "Dropout"),
        Row(13, FlattenedSoftmax.Convert, "Softmax", "LogSoftmax", "Hardmax"),
        Row(13, AxesInputs.Convert, "Squeeze", "Unsqueeze", "ReduceSum"),
        Row(13, SplitInputs.ToInput, "Split"),
        Row(13, Resizing.ShiftPositions, "Resize"),
        Row(14, TrainingModes.RequireOneOutput, "BatchNormalization"),
        Row(16, AddedDefaults.RoiAlignMode, "RoiAlign"),
        Row(18, AxesInputs.Convert, "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
            "ReduceSumSquare"),
        Row(18, SplitInputs.SayCount, "Split"),
        Row(20, RenamedOperators.GridSampleMode, "GridSample"),
        Row(20, AxesInputs.ConvertDft, "DFT"),
        Row(21, GroupScales.PerChannel, "GroupNormalization"),
    }.SelectMany(row => row).ToFrozenDictionary(row => (row.Operator, row.Version), row => row.Adapter);

    /// <summary>The operators and versions that have one.</summary>
    public static IEnumerable<(string Operator, long Version)> Keys => s_adapters.Keys;

    /// <summary>The adapter that converts the operator's nodes to the version; null when there is nothing to convert.</summary>
    public static OpsetAdapter? Find(string opType, long version) => s_adapters.GetValueOrDefault((opType, version));

    /// <summary>For those that need the node alone.</summary>
    private static IEnumerable<(string Operator, long Version, OpsetAdapter Adapter)> Row(long version, Func<Node, Outcome> adapter,
        params string[] operators) => Row(version, (node, _) => adapter(node), operators);

    private static IEnumerable<(string Operator, long Version, OpsetAdapter Adapter)> Row(long version, OpsetAdapter adapter,
        params string[] operators) => operators.Select(op => (op, version, adapter));
}
