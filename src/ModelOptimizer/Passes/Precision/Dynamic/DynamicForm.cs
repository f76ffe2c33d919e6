using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>A weight and what it was rounded to.</summary>
/// <param name="Grid">How finely, in words.</param>
internal sealed record DynamicPart(WeightCandidate Weight, QuantizedWeight Codes, string Grid);

/// <summary>The constants that stand for a weight.</summary>
internal sealed record DynamicConstants(Value Codes, Value Scales)
{
    public long Bytes => Codes.Constant!.ByteCount + Scales.Constant!.ByteCount;
}

/// <summary>How operators of one kind compute with int8 weights and activations that are quantized as they come.</summary>
internal abstract class DynamicForm(OnnxModel model)
{
    private protected const string ContribDomain = "com.microsoft";

    private protected OnnxModel Model { get; } = model;

    /// <summary>The forms, of which a weight takes the first that all its readers fit.</summary>
    public static IReadOnlyList<DynamicForm> All(OnnxModel model, QuantizeDynamicOptions options)
    {
        var products = new DynamicProduct(model);
        return
        [
            new DynamicMatMul(model, products),
            new DynamicTied(model, products),
            new DynamicLeftOperand(model, products),
            new DynamicLookup(model),
            new DynamicAttention(model, products),
            new DynamicLstm(model),
            .. options.Operators.Contains("Conv") ? [new DynamicConv(model, products)] : Array.Empty<DynamicForm>(),
        ];
    }

    /// <summary>The operators it is made of, as reports name it.</summary>
    public abstract string Name { get; }

    /// <summary>What is told just before it is written.</summary>
    public virtual string Announcement => "multiply in 8-bit integers";

    /// <summary>Whether the weights of a channel are summed up.</summary>
    public virtual bool Sums => true;

    public abstract bool Reads(Use use);

    public virtual bool Reads(WeightCandidate weight) => weight.Uses.All(Reads);

    /// <summary>The weights that can only be quantized together with this one, itself included.</summary>
    public virtual IReadOnlyList<WeightCandidate> Group(WeightCandidate weight) => [weight];

    /// <returns>What stands in the way, or null.</returns>
    public virtual string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context) => null;

    /// <summary>The weight as channels, each of which gets one scale.</summary>
    public abstract WeightMatrix Matrix(WeightCandidate weight);

    /// <summary>Writes the weights for all nodes that read them.</summary>
    /// <returns>For each of them the bytes of the constants that stand for it now.</returns>
    public virtual IReadOnlyList<long> Write(IReadOnlyList<DynamicPart> parts)
    {
        var constants = parts.ToDictionary(part => part.Weight.Value, Store);
        foreach (var reader in parts.SelectMany(part => part.Weight.Uses).Select(use => use.User).Distinct().ToList())
            Replace(reader, constants);
        return [.. parts.Select(part => constants[part.Weight.Value].Bytes)];
    }

    private protected abstract DynamicConstants Store(DynamicPart part);

    private protected abstract void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants);

    private protected DynamicConstants Add(WeightCandidate weight, Tensor codes, Tensor scales)
    {
        var graph = weight.OnlyUser?.Graph ?? weight.Value.Graph;
        return new DynamicConstants(Add(graph, $"{weight.Name}_quantized", codes), Add(graph, $"{weight.Name}_scale", scales));
    }

    private protected Value Add(Graph graph, string name, Tensor tensor) => Model.AddConstant(graph, name, tensor);
}
