using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>On which side of the weights the node stands that is folded into them.</summary>
internal enum FoldSide
{
    /// <summary>It reads what the weighted node puts out.</summary>
    Output,

    /// <summary>The weighted node reads what it puts out.</summary>
    Input,
}

/// <summary>
/// A node that can go because the weights beside it can do its work.
/// <code>
/// scale · (W·x + b) + shift  =  (scale·W)·x + (scale·b + shift)
/// W·(scale·x + shift) + b    =  (W·scale)·x + (W·shift + b)
/// </code>
/// </summary>
/// <param name="Folded">The node that goes.</param>
/// <param name="DataIndex">Which of its inputs is not constant.</param>
/// <param name="Into">The node with the weights.</param>
/// <param name="Affine">What the node that goes does to each channel.</param>
/// <param name="Side">Where it stands.</param>
internal sealed record WeightFold(Node Folded, int DataIndex, WeightedNode Into, ChannelAffine Affine, FoldSide Side)
{
    public bool ChangesWeight => Affine.Scales;

    public bool ChangesBias => Affine.Shifts || (Into.HasBias && Affine.Scales && Side == FoldSide.Output);

    public RoundedTensor Weight() => Side == FoldSide.Output
        ? WeightArithmetic.Scale(Into.Content, Into.Layout, Affine.Scale, [1])
        : WeightArithmetic.Scale(Into.Content, Into.Layout, [1], Affine.Scale);

    public RoundedTensor Bias()
    {
        if (Into.Bias() is not { } bias)
            return RoundedTensor.Refused($"the bias of {Into.Node} is not constant, or differs within a channel");
        var folded = Side == FoldSide.Output
            ? WeightArithmetic.Combine(WeightArithmetic.Combine(bias, Affine.Scale, (b, s) => b * s), Affine.Shift, (b, t) => b + t)
            : WeightArithmetic.Combine(bias, ShiftOfInputs(), (b, t) => b + Into.Alpha * t);
        var perChannel = Enumerable.Range(0, Into.Layout.Outputs).Select(folded.At).ToArray();
        return WeightArithmetic.Round(Into.Content.ElementType, [perChannel.Length], perChannel);
    }

    private double[] ShiftOfInputs() => WeightArithmetic.Product(Into.Content, Into.Layout, Affine.Shift);

    /// <summary>The constants that it reads now and perhaps nobody afterwards.</summary>
    public IEnumerable<Value> Constants =>
        Folded.Inputs.Where((_, index) => index != DataIndex).Append(Into.Weight).Append(Into.BiasValue).OfType<Value>();

    /// <summary>Takes the node away.</summary>
    /// <param name="weight">The weight that does its work, or the one that was there.</param>
    /// <param name="bias">The bias that does; null where it is left alone.</param>
    public void Apply(Value weight, Value? bias)
    {
        var (data, result) = (Folded.Input(DataIndex)!, Folded.Output());
        if (Side == FoldSide.Output && result.Type is { } type)
            data.Refine(type);
        Folded.ReplaceWith(data);
        Into.Replace(weight, bias);
    }
}
