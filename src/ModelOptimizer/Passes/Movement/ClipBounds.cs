using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The range that a Clip or Relu of float32 lets through.</summary>
internal readonly record struct ClipBounds(float Low, float High)
{
    private const long WithInputs = 11;

    /// <summary>The bounds, where they are known and in order; null otherwise.</summary>
    public static ClipBounds? Of(Node node, long opset)
    {
        if (node.Input(0)?.Type?.ElementType != DataType.Float)
            return null;
        var bounds = node.Is("Relu")
            ? new ClipBounds(0, float.PositiveInfinity)
            : new ClipBounds(Bound(node, "min", 1, float.MinValue, opset), Bound(node, "max", 2, float.MaxValue, opset));
        return bounds.Low <= bounds.High ? bounds : null;
    }

    /// <summary>
    /// Whether the ranges have a number in common. Where they have none, everything becomes one number, and merged they would let −0 pass as 0.
    /// </summary>
    public bool Meets(ClipBounds other) => Low <= other.High && other.Low <= High;

    /// <summary>Both, this one first (a clamped range is a range, as clamping is monotone).</summary>
    public ClipBounds Then(ClipBounds second) => new(Math.Clamp(Low, second.Low, second.High), Math.Clamp(High, second.Low, second.High));

    /// <summary>Gives a Clip these bounds.</summary>
    public void Set(Node clip, long opset)
    {
        Set(clip, "min", 1, Low, float.MinValue, opset);
        Set(clip, "max", 2, High, float.MaxValue, opset);
    }

    /// <param name="open">What a bound that is left out stands for.</param>
    private static void Set(Node clip, string name, int index, float bound, float open, long opset)
    {
        if (opset < WithInputs)
            clip.Attributes.Set(name, bound);
        else if (bound != open)
            clip.SetInput(index, clip.Graph!.AddConstant(name, Tensor.Create([], bound)));
    }

    /// <summary>NaN where it is not constant: no range then has it.</summary>
    private static float Bound(Node clip, string name, int index, float open, long opset)
    {
        if (opset < WithInputs)
            return clip.Attributes.GetFloat(name, open);
        return clip.Input(index) is not { } bound ? open : bound.Constant is { ElementCount: 1 } constant ? constant.AsSpan<float>()[0] : float.NaN;
    }
}
