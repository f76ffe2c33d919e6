using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The mask of an attention in the form that the operator adds: its last two axes are queries and keys, where the formula's may be stretched
/// over the queries. Two masks become their sum.
/// </summary>
internal sealed class AttentionMask
{
    /// <summary>
    /// Masks up to here may be summed before scores are added: where both are lower than any score, what rounding loses stays below 1e-4.
    /// </summary>
    private const double MostSummed = 1000;

    private readonly AttentionFormula _formula;

    public AttentionMask(AttentionFormula formula)
    {
        _formula = formula;
        Misfit = Source is null
            ? formula.IsGuarded ? "it turns NaN into 0 without a mask" : null
            : FindMisfit(Source) ?? OtherMisfit(Source)
                ?? (AnswersAlike() ? null : $"a row that '{Source}' masks as a whole would come out otherwise");
    }

    /// <summary>Why the operator can't add it; null when it can, or there is none.</summary>
    public string? Misfit { get; }

    private Value? Source => _formula.Mask ?? _formula.Filling?.Condition;

    private Dimension Queries => _formula.Query.Type!.Shape![2];

    private Dimension Keys => _formula.Value.Type!.Shape![2];

    /// <summary>Makes it, before the given node; null when there is none.</summary>
    public Value? Make(Node before) => Source is null ? null : Stretched(_formula.Filling is null ? Added(before) : Filled(before), before);

    private string? FindMisfit(Value mask)
    {
        var shape = mask.Type?.Shape;
        if (shape is not { Rank: 2 or 3 or 4 } || !Lengths.AreEqualIfTheyFit(shape[-1], Keys) || !(shape[-2].Value == 1 || Lengths.AreEqualIfTheyFit(shape[-2], Queries)))
            return $"its mask '{mask}' is not known to be as long as the keys, and as the queries or 1";
        var (batch, heads) = (shape.Rank == 4 ? shape[0] : 1, shape.Rank >= 3 ? shape[-3] : 1);
        return (batch.Value == 1 || Lengths.AreEqual(batch, _formula.Query.Type!.Shape![0])) && (heads.Value == 1 || Lengths.AreEqual(heads, _formula.Query.Type!.Shape![1]))
            ? null
            : $"its mask '{mask}' is not known to have a batch and heads that fit";
    }

    private string? OtherMisfit(Value first)
    {
        if (_formula.Windows is { } windows)
            return windows.Misfit ?? SumMisfit(first, windows.Mask);
        return _formula.OtherMask is { } other ? FindMisfit(other) ?? SumMisfit(first, other) : null;
    }

    private static string? SumMisfit(Value first, Value second) =>
        new[] { first, second }.All(mask => MaskBounds.Of(mask) is { MayBeInfinite: false, Low: >= -MostSummed, High: <= MostSummed })
            ? null
            : $"its masks '{first}' and '{second}' are not known to be so small that their sum is exact enough";

    /// <summary>
    /// Whether rows masked as a whole come out alike: there are none, or their numbers are mild, or they are minus infinity and a guard makes
    /// zeros of NaN, as the operator does.
    /// </summary>
    private bool AnswersAlike()
    {
        if (Bounds() is { AreMild: true } bounds && (!bounds.MayBeInfinite || _formula.IsGuarded))
            return true;
        if (MaskBounds.FirstColumn(Source!) is not { } column || MaskBounds.Of(column) is not { MayBeInfinite: false } first)
            return false;
        return _formula.Filling is var (_, _, whereTrue) ? (whereTrue ? first.High == 0 : first.Low == 1) : first.AreMild;
    }

    private MaskBounds Bounds() => _formula.Filling is var (_, fill, _) ? MaskBounds.Of(fill.Constant!) : MaskBounds.Of(Source!);

    private Value Added(Node before)
    {
        if ((_formula.Windows?.Make(before) ?? _formula.OtherMask) is not { } other)
            return Source!;
        var sum = before.Graph!.Insert(before, "Add", [Source!, other]).Output();
        sum.Infer(new TensorType(DataType.Float, Broadcast(Source!.Type!.Shape!, other.Type!.Shape!)));
        return sum;
    }

    /// <summary>Both fit the scores, so where neither is 1 they are equal.</summary>
    private static Shape Broadcast(Shape left, Shape right)
    {
        var (more, fewer) = left.Rank >= right.Rank ? (left, right) : (right, left);
        var added = more.Rank - fewer.Rank;
        return new([.. Enumerable.Range(0, more.Rank).Select(axis => axis < added || more[axis].Value != 1 ? more[axis] : fewer[axis - added])]);
    }

    /// <summary>0 where scores are kept, else what is filled in: added to scores it absorbs them.</summary>
    private Value Filled(Node before)
    {
        var (condition, fill, whereTrue) = _formula.Filling!.Value;
        var zero = before.Graph!.AddConstant("zero", Tensor.Create([], 0f));
        var mask = before.Graph!.Insert(before, "Where", [condition, .. whereTrue ? new[] { fill, zero } : [zero, fill]]).Output();
        mask.Infer(new TensorType(DataType.Float, condition.Type!.Shape));
        return mask;
    }

    private Value Stretched(Value mask, Node before)
    {
        var shape = mask.Type!.Shape!;
        var isWhole = shape.Rank != 3 && (shape[-2].Value != 1 || Queries.Value == 1);
        if (isWhole)
            return mask;
        var one = Lengths.One(before.Graph!);
        // Rank 3 becomes 4, which leaves no doubt about what the first axis is.
        return Lengths.Expand(mask, before, one, one, Lengths.Vector(_formula.Query, 2, before), one);
    }
}
