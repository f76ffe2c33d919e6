using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Constants in 16 bits beside those in float32, each made once.</summary>
internal sealed class HalfConstants(OnnxModel model, DataType type)
{
    private readonly Dictionary<Value, Value> _halves = [];

    /// <summary>What was converted for the model or a copy of it, which shares its tensors. Large ones are put aside.</summary>
    private Dictionary<Tensor, Tensor> Converted { get; init; } = new(ReferenceEqualityComparer.Instance);

    private Dictionary<Tensor, ScaledHalf> Fitted { get; init; } = new(ReferenceEqualityComparer.Instance);

    public DataType Type { get; } = type;

    /// <summary>What float16 readers read in a constant's place.</summary>
    public Value Of(Value constant) =>
        _halves.GetValueOrDefault(constant) ?? Add(constant, Convert(constant.Constant!));

    /// <summary>The same for a copy of the model. Nothing is converted twice.</summary>
    public HalfConstants For(OnnxModel copy) => new(copy, Type) { Converted = Converted, Fitted = Fitted };

    /// <summary>A constant as it is stored.</summary>
    public ScaledHalf Scaled(Tensor constant) =>
        Fitted.TryGetValue(constant, out var known) ? known : Fitted[constant] = Fit(constant);

    /// <summary>Why a constant has no codes, in words for a report; empty for one that could have them.</summary>
    public static string NoCodes(string? why) => why is null ? "" : $"; no codes: {why}";

    /// <summary>Stores a constant as <see cref="Scaled"/> has it, and records that.</summary>
    /// <param name="whyNoCodes">What spoke against fewer bits, where those were asked for.</param>
    public void Store(WeightCandidate constant, PassContext context, string? whyNoCodes = null)
    {
        if (!context.Rewriting($"store as {Type.ToOnnxName()}", constant.Value))
            return;
        var half = Scaled(constant.Content);
        Store(constant.Value, half);
        context.Compressed(constant.Name, constant.Content, half.ByteCount, half.Form + NoCodes(whyNoCodes));
    }

    /// <summary>Lets everything that still reads a constant read it in 16 bits, through a Cast to float32 and the factors that it was divided by.</summary>
    public void Store(Value constant, ScaledHalf half)
    {
        var graph = constant.Graph;
        var isShared = _halves.TryGetValue(constant, out var stored);
        stored ??= Add(constant, half.Rounded.Content);
        var factor = isShared || half.Factor is null ? null : model.AddConstant(graph, $"{constant.Name}_factor", half.Factor);
        var first = graph.Nodes.FirstOrDefault(node => node != stored.Producer && node != factor?.Producer);
        var restored = graph.Insert(first, "Cast", [stored]);
        restored.Attributes.Set("to", (long)DataType.Float);
        if (factor is not null)
            restored = graph.Insert(first, "Mul", [restored.Output(), factor]);
        restored.Output().Name = $"{constant.Name}_float";
        constant.ReplaceAllUsesWith(restored.Output());
        constant.RemoveIfUnused();
    }

    private ScaledHalf Fit(Tensor constant)
    {
        var half = ScaledHalf.Of(constant, Type);
        return half with { Rounded = half.Rounded with { Content = model.PutAside(half.Rounded.Content) } };
    }

    private Tensor Convert(Tensor constant) => Converted.TryGetValue(constant, out var known)
        ? known
        : Converted[constant] = model.PutAside(HalfPrecision.Convert(constant, Type).Content);

    private Value Add(Value constant, Tensor half) =>
        _halves[constant] = model.AddConstant(constant.Graph, $"{constant.Name}_{Type.ToOnnxName()}", half);
}
