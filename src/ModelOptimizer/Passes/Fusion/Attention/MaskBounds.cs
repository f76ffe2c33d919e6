using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What is known of the numbers in a mask. It decides about rows that are masked as a whole: the operator answers 0 where all of a row is minus
/// infinity or the lowest float, the formula the mean of the values or NaN.
/// </summary>
/// <param name="Low">The lowest number, minus infinity left aside.</param>
/// <param name="High">The highest number.</param>
/// <param name="MayBeInfinite">Whether minus infinity may be among them.</param>
internal sealed record MaskBounds(double Low, double High, bool MayBeInfinite = false)
{
    private const int DeepestTrace = 12;

    /// <summary>From here on down a number may count as masked, in the operator's eyes.</summary>
    private const double Masking = -1e37;

    private static readonly MaskBounds Anything = new(double.NegativeInfinity, double.PositiveInfinity, MayBeInfinite: true);
    private static readonly MaskBounds Flags = new(0, 1);
    private static readonly MaskBounds Integers = new(long.MinValue, ulong.MaxValue);

    /// <summary>Whether no number but minus infinity counts as masked.</summary>
    public bool AreMild => Low > Masking;

    public static MaskBounds Of(Value mask) => Of(mask, DeepestTrace);

    /// <summary>The bounds of a constant that stands for all elements.</summary>
    public static MaskBounds Of(Tensor constant)
    {
        var numbers = constant.ElementType == DataType.Bool ? [.. constant.Bytes.ToArray().Select(bit => (float)bit)] : constant.ToFloats();
        var finite = numbers.Where(number => number != float.NegativeInfinity).Select(number => (double)number).DefaultIfEmpty(0).ToList();
        return finite.Exists(double.IsNaN) ? Anything : new(finite.Min(), finite.Max(), finite.Count < numbers.Length || numbers.Contains(float.NegativeInfinity));
    }

    /// <summary>
    /// The first key's column of a mask that is a constant, whole or cut: <c>causal[:n, :n]</c> keeps the column whatever n is. Null when that
    /// is not what it is.
    /// </summary>
    public static Tensor? FirstColumn(Value mask)
    {
        while (mask.Constant is null && mask.Producer is { } node && KeepsFirstColumn(node))
            mask = node.Input(0)!;
        if (mask.Constant is not { ElementType: DataType.Float or DataType.Bool, Dimensions: [.., > 0 and var width] } whole)
            return null;
        var rows = whole.ElementCount / width;
        return whole.ElementType == DataType.Float
            ? Tensor.Create([rows], Column(whole.AsSpan<float>(), (int)width))
            : Tensor.Create(DataType.Bool, [rows], Column(whole.AsSpan<byte>(), (int)width));
    }

    private static T[] Column<T>(ReadOnlySpan<T> elements, int width)
    {
        var column = new T[elements.Length / width];
        for (var row = 0; row < column.Length; row++)
            column[row] = elements[row * width];
        return column;
    }

    /// <summary>Whether the node changes nothing but which rows there are, and where the last column ends.</summary>
    private static bool KeepsFirstColumn(Node node) =>
        (node.Is("Slice") && node.Input(0)?.Type?.Shape is { } shape && StartsAtFirst(node, shape.Rank))
        || (node.Is("Cast") && node.Input(0)?.Type?.ElementType == node.Output().Type?.ElementType);

    private static bool StartsAtFirst(Node slice, int rank)
    {
        if (slice.Input(3)?.Constant?.AsInt64s() is not { } axes)
            return false;
        var starts = slice.Input(1)?.Constant?.AsInt64s();
        var steps = slice.Input(4) is { } input ? input.Constant?.AsInt64s() : [.. axes.Select(_ => 1L)];
        return axes.Index().All(axis => (axis.Item < 0 ? axis.Item + rank : axis.Item) != rank - 1 || (starts?[axis.Index] == 0 && steps?[axis.Index] >= 1));
    }

    private static MaskBounds Of(Value mask, int depth)
    {
        if (mask.Constant is { } constant)
            return constant.ElementType.IsFloatingPoint() || constant.ElementType == DataType.Bool ? Of(constant) : Integers;
        if (mask.Type?.ElementType is DataType.Bool)
            return Flags;
        if (mask.Type?.ElementType is { } type && !type.IsFloatingPoint())
            return Integers;
        return depth == 0 || mask.Producer is not { Domain: "" } node ? Anything : Of(node, depth - 1);
    }

    private static MaskBounds Of(Node node, int depth) => node.OpType switch
    {
        "Cast" or "Unsqueeze" or "Squeeze" or "Expand" or "Reshape" or "Slice" or "Gather" or "Transpose" or "Identity" or "Flatten" => Of(node.Input(0)!, depth),
        "Sub" => Of(node.Input(0)!, depth) - Of(node.Input(1)!, depth),
        "Add" => Of(node.Input(0)!, depth) - -Of(node.Input(1)!, depth),
        "Mul" => Of(node.Input(0)!, depth) * Of(node.Input(1)!, depth),
        "Where" => Of(node.Input(1)!, depth) | Of(node.Input(2)!, depth),
        _ => Anything,
    };

    private static MaskBounds Valid(double low, double high) => double.IsFinite(low) && double.IsFinite(high) ? new(low, high) : Anything;

    public static MaskBounds operator |(MaskBounds left, MaskBounds right) =>
        new(Math.Min(left.Low, right.Low), Math.Max(left.High, right.High), left.MayBeInfinite || right.MayBeInfinite);

    public static MaskBounds operator -(MaskBounds bounds) => bounds.MayBeInfinite ? Anything : Valid(-bounds.High, -bounds.Low);

    public static MaskBounds operator -(MaskBounds left, MaskBounds right) => left.MayBeInfinite || right.MayBeInfinite
        ? Anything
        : Valid(left.Low - right.High, left.High - right.Low);

    public static MaskBounds operator *(MaskBounds left, MaskBounds right)
    {
        if (left.MayBeInfinite || right.MayBeInfinite)
            return Anything;
        double[] corners = [left.Low * right.Low, left.Low * right.High, left.High * right.Low, left.High * right.High];
        return Valid(corners.Min(), corners.Max());
    }
}
