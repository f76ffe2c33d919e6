using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// When arithmetic leaves an operand as it is, bit for bit, and broadcasting gives it no other shape. Adding zero is not here: it makes +0 of
/// −0. Adding −0 and subtracting +0 are.
/// </summary>
internal static class NoOpArithmetic
{
    public static NoOpVerdict Add(Node node) => BesideUnit(node, unit => IsIntegerZero(unit) || UnitTensors.AreNegativeZeros(unit));

    public static NoOpVerdict Sub(Node node) => FirstBeforeUnit(node, UnitTensors.AreZeros);

    public static NoOpVerdict Mul(Node node) => BesideUnit(node, UnitTensors.AreOnes);

    /// <summary>Division by one, and the first power.</summary>
    public static NoOpVerdict DividedByOne(Node node) => FirstBeforeUnit(node, UnitTensors.AreOnes);

    public static NoOpVerdict And(Node node) => IsPair(node) ? NoOpVerdict.Yes : BesideUnit(node, UnitTensors.AreOnes);

    public static NoOpVerdict Or(Node node) => IsPair(node) ? NoOpVerdict.Yes : BesideUnit(node, UnitTensors.AreZeros);

    public static NoOpVerdict Xor(Node node) => BesideUnit(node, UnitTensors.AreZeros);

    /// <summary>The greatest or least of one value.</summary>
    public static NoOpVerdict SameOperands(Node node) => NoOpVerdict.When(node.Inputs.All(input => input == node.Input(0)));

    /// <summary>A condition that is the same everywhere, or two alternatives that are.</summary>
    public static NoOpVerdict Where(Node node)
    {
        var (condition, yes, no) = (node.Input(0)!, node.Input(1)!, node.Input(2)!);
        var chosen = yes == no ? yes : condition.Constant switch
        {
            { } all when UnitTensors.AreOnes(all) => yes,
            { } none when UnitTensors.AreZeros(none) => no,
            _ => null,
        };
        return NoOpVerdict.From(chosen is not null && node.Inputs.All(input => input == chosen || BroadcastShapes.KeepsShape(chosen, input)) ? chosen : null);
    }

    /// <summary>Without bounds. In floating point the bounds are then the largest finite numbers, which infinity exceeds.</summary>
    public static NoOpVerdict Clip(Node node, long opset)
    {
        if (opset < 11 || node.Input(1) is not null || node.Input(2) is not null)
            return NoOpVerdict.No;
        return node.Input(0)?.Type?.ElementType.IsFloatingPoint() == false
            ? NoOpVerdict.Yes
            : NoOpVerdict.Unsure("without bounds it still makes infinity finite");
    }

    private static bool IsIntegerZero(Tensor tensor) => !tensor.ElementType.IsFloatingPoint() && UnitTensors.AreZeros(tensor);

    private static bool IsPair(Node node) => node.Input(0) == node.Input(1);

    private static NoOpVerdict FirstBeforeUnit(Node node, Func<Tensor, bool> isUnit) => NoOpVerdict.When(IsBesideUnit(node, 0, isUnit));

    private static NoOpVerdict BesideUnit(Node node, Func<Tensor, bool> isUnit) =>
        NoOpVerdict.From(IsBesideUnit(node, 0, isUnit) ? node.Input(0) : IsBesideUnit(node, 1, isUnit) ? node.Input(1) : null);

    private static bool IsBesideUnit(Node node, int input, Func<Tensor, bool> isUnit) =>
        node.Input(1 - input) is { Constant: { } unit } other && isUnit(unit) && BroadcastShapes.KeepsShape(node.Input(input)!, other);
}
