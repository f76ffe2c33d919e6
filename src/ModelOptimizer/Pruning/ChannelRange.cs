namespace ModelOptimizer.Pruning;

/// <summary>The channels along one axis of a tensor, by numbers that no other axis has.</summary>
/// <param name="Operand">The tensor.</param>
/// <param name="Axis">The axis, counted from the first.</param>
/// <param name="Start">The number of the first channel.</param>
/// <param name="Count">How many there are, at least two.</param>
internal sealed record ChannelRange(Operand Operand, int Axis, int Start, int Count)
{
    public int this[int place] => Start + place;
}
