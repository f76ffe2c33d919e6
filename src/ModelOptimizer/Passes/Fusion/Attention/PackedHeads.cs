using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Heads, <c>[batch, heads, length, size]</c>, that are one of the parts which a single product made of rows:
/// <c>[batch, length, parts, heads, size]</c>, transposed to <c>[parts, batch, heads, length, size]</c>, from where Gather, Slice or Split
/// picks each. One Split of the rows has all parts side by side.
/// </summary>
/// <param name="Apart">The heads.</param>
/// <param name="Transposition">What puts the parts first.</param>
/// <param name="Picker">The node that takes the part, or all of them.</param>
/// <param name="Part">Which part it is.</param>
internal sealed record PackedHeads(Value Apart, Node Transposition, Node Picker, long Part)
{
    /// <summary>The opset whose form of Squeeze and Slice is read: the fusion needs a later one.</summary>
    private const long Opset = 23;

    private Value Rows => Transposition.Input(0)!;

    private Shape Shape => Rows.Type!.Shape!;

    private int Parts => (int)Shape[2].Value!.Value;

    private bool IsReadOnce => Apart.Uses.Count == 1 && (Picker == Apart.Producer || Apart.Producer!.Input(0)!.Uses.Count == 1);

    /// <summary>What part the heads are; null when they come otherwise.</summary>
    public static PackedHeads? Of(Value apart)
    {
        if (PickerOf(apart) is not { } picker || picker.Graph != apart.Graph || picker.Attributes.HasReferences)
            return null;
        if (picker.Input(0)?.Producer is not { } transposition || transposition.Graph != apart.Graph || !HeadLayout.IsTranspose(transposition, 2, 0, 3, 1, 4))
            return null;
        if (transposition.Input(0)?.Type?.Shape is not { Rank: 5 } shape || shape[2].Value is not (> 0 and var parts) || shape[3].Value is not > 0 || shape[4].Value is not > 0)
            return null;
        return PartOf(apart, picker, parts) is { } part && part >= 0 && part < parts ? new(apart, transposition, picker, part) : null;
    }

    /// <summary>Why it would not pay to split the rows of these parts, all that an attention reads; null when it does.</summary>
    public static string? Misfit(IReadOnlyList<PackedHeads> all)
    {
        foreach (var group in all.GroupBy(heads => heads.Transposition))
        {
            // What stays of the transposition would be paid for beside the Split.
            var isAll = group.Count() == group.First().Parts && group.Key.Output().Uses.Count == group.Select(heads => heads.Picker).Distinct().Count();
            if (!isAll || group.Any(heads => !heads.IsReadOnce))
                return $"what '{group.Key.Output()}' packs is read elsewhere too, and for heads apart the operator gains nothing";
        }
        return null;
    }

    /// <summary>All parts, the heads of each side by side: <c>[batch, length, heads · size]</c>.</summary>
    public Node Split(Node before)
    {
        var width = Shape[3].Value!.Value * Shape[4].Value!.Value;
        var joined = HeadLayout.Reshaped(Rows, new Shape([Shape[0], Shape[1], Parts * width]), before);
        var split = before.Graph!.Insert(before, "Split", [joined], Parts);
        split.Attributes.Set("axis", 2L);
        split.Attributes.Set("num_outputs", (long)Parts);
        foreach (var part in split.Outputs)
            part!.Infer(new TensorType(Rows.Type!.ElementType, new Shape([Shape[0], Shape[1], width])));
        return split;
    }

    private static Node? PickerOf(Value apart) => apart.Producer switch
    {
        { } gather when gather.Is("Gather") => gather,
        { } squeeze when squeeze.Is("Squeeze") && AxesOperand.Resolved(squeeze, Opset) is [0] => squeeze.Input(0)!.Producer,
        _ => null,
    };

    private static long? PartOf(Value apart, Node picker, long parts) => picker.OpType switch
    {
        "Gather" => picker == apart.Producer && IsFirst(picker.Attributes.GetInt("axis", 0)) && picker.Input(1)?.Constant is { Dimensions.Length: 0 } index
            ? FromStart(index.AsInt64s()[0], parts) : null,
        "Slice" when picker.Is("Slice") => ConstantSlice.Of(picker, Opset) is [{ IsOneElement: true } cut] && IsFirst(cut.Axis) ? FromStart(cut.Start, parts) : null,
        "Split" when picker.Is("Split") => IsFirst(picker.Attributes.GetInt("axis", 0)) && picker.Outputs.Count == parts
            && picker.Outputs.All(output => output?.Type?.Shape?[0].Value == 1) ? picker.Outputs.Index().First(output => output.Item == apart.Producer!.Input(0)).Index : null,
        _ => null,
    };

    private static bool IsFirst(long axis) => axis is 0 or -5;

    private static long FromStart(long index, long parts) => index < 0 ? index + parts : index;
}
