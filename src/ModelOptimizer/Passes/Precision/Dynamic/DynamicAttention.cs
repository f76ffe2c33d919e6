using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// The projections inside ONNX Runtime's own Attention, which becomes its QAttention. Attention of the standard has no weights: its
/// projections are products of their own.
/// </summary>
internal sealed class DynamicAttention(OnnxModel model, DynamicProduct products) : DynamicForm(model)
{
    private static readonly string[] s_kept = ["do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer", "scale", "unidirectional"];

    public override string Name => $"{ContribDomain}.QAttention";

    public override bool Reads(Use use) => use.User.OpType == "Attention" && use.User.Domain == ContribDomain && use.Index == 1;

    public override string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context)
    {
        if (DynamicProduct.TooOld(context.Opset(group[0].Value.Graph)) is { } tooOld)
            return tooOld;
        return group[0].Uses.Select(use => Refusal(use.User, group[0])).FirstOrDefault(why => why is not null);
    }

    public override WeightMatrix Matrix(WeightCandidate weight) => new(weight.Content, channelAxis: 1);

    private protected override DynamicConstants Store(DynamicPart part) => Add(part.Weight,
        DequantizeLinearLayout.Codes(part.Codes, part.Weight.Content.Dimensions.AsSpan(), channelAxis: 1), DequantizeLinearLayout.Scales(part.Codes, blocked: false));

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (codes, scales) = constants[reader.Input(1)!];
        var bias = reader.Input(2) ?? Add(reader.Graph!, $"{reader.Name}_bias", Tensor.Create([scales.Constant!.ElementCount], new float[scales.Constant!.ElementCount]));
        var quantizer = products.Quantizer(reader, reader.Input(0)!);
        var attention = reader.Graph!.Insert(reader, "QAttention",
            [quantizer.Output(0), codes, bias, quantizer.Output(1), scales, reader.Input(3), quantizer.Output(2), null, reader.Input(4)],
            reader.Outputs.Count, ContribDomain, reader.Name);
        if (reader.Input(4) is null)
            attention.TrimInputs(7);
        attention.Attributes.CopyFrom(reader.Attributes, s_kept);
        Model.ImportDomain(reader.Graph!, ContribDomain, 1);
        attention.TakeOutputsOf(reader);
    }

    private static string? Refusal(Node reader, WeightCandidate weight)
    {
        if (reader.Input(5) is not null || reader.Input(6) is not null)
            return $"QAttention has no input for the {(reader.Input(5) is not null ? "bias of scores" : "length of the past")} of {reader}";
        if (reader.Attributes.GetInt("do_rotary", 0) != 0)
            return $"QAttention does not rotate as {reader} asks";
        var third = weight.Content.Dimensions[1] / 3;
        return reader.Attributes.TryGetInts("qkv_hidden_sizes") is { } sizes && sizes.Any(size => size != third)
            ? $"QAttention wants query, key and value of one size, unlike {reader}"
            : null;
    }
}
