using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A constant that holds values below the range of float16.</summary>
/// <param name="Value">Where it is read.</param>
/// <param name="Content">The tensor: of an initializer, a Constant node, or what a ConstantOfShape fills its result with.</param>
internal sealed record MaskConstant(Value Value, Tensor Content)
{
    /// <summary>The lowest float16.</summary>
    private const float Lowest = -65504;

    public bool IsInfinite => Content.AsSpan<float>().Contains(float.NegativeInfinity);

    public static IEnumerable<MaskConstant> Find(OnnxModel model) => GraphWalker.Graphs(model)
        .SelectMany(graph => graph.MadeValues)
        .Select(value => (Value: value, Content: value.Constant ?? Filling(value)))
        .Where(pair => pair.Content is { ElementType: DataType.Float } && HoldsMask(pair.Content))
        .Select(pair => new MaskConstant(pair.Value, pair.Content!));

    /// <summary>Puts another value in the place of the very low ones.</summary>
    public void Clamp(float value, OnnxModel model)
    {
        var clamped = Tensor.Create(Content.Dimensions.AsSpan(), Array.ConvertAll(Content.AsSpan<float>().ToArray(), element => element < Lowest ? value : element));
        if (Value.Constant is null)
        {
            Value.Producer!.Attributes.Set("value", clamped);
            return;
        }
        Value.ReplaceAllUsesWith(model.AddConstant(Value.Graph, Value.Name, clamped));
        Value.RemoveIfUnused();
    }

    private static Tensor? Filling(Value value) => value.Producer is { } node && node.Is("ConstantOfShape") ? node.Attributes.GetTensor("value") : null;

    private static bool HoldsMask(Tensor content) => content.AsSpan<float>().ContainsAnyInRange(float.NegativeInfinity, MathF.BitDecrement(Lowest));
}
