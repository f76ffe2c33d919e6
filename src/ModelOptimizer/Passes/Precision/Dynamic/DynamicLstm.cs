using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// The input and recurrence weights of LSTMs, which become ONNX Runtime's own DynamicQuantizeLSTM. It wants both as int8, so all weights
/// stand or fall together that some LSTMs read.
/// </summary>
internal sealed class DynamicLstm(OnnxModel model) : DynamicForm(model)
{
    private static readonly int[] s_weights = [1, 2];

    private static readonly string[] s_kept =
        ["activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget"];

    public override string Name => $"{ContribDomain}.DynamicQuantizeLSTM";

    public override bool Reads(Use use) => use.User.Is("LSTM") && s_weights.Contains(use.Index);

    public override IReadOnlyList<WeightCandidate> Group(WeightCandidate weight)
    {
        var group = new List<Value> { weight.Value };
        for (var i = 0; i < group.Count; i++)
            group.AddRange(group[i].Uses.Where(Reads).SelectMany(use => s_weights.Select(input => use.User.Input(input)!)).Distinct()
                .Where(value => !group.Contains(value) && (value.Initializer ?? value.Constant) is not null).ToList());
        return [.. group.Select(value => value == weight.Value ? weight : new WeightCandidate(value, value.Initializer ?? value.Constant!, [.. value.Uses]))];
    }

    public override string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context)
    {
        var uses = group.SelectMany(weight => weight.Uses).ToList();
        if (uses.Find(use => !Reads(use)) is { } other)
            return $"{WeightSlots.Reader(other)} reads it, or a weight of the same LSTM, as floats";
        if (uses.Find(use => s_weights.Any(input => use.User.Input(input)!.Constant is null)) is { } variable)
            return $"the other weight of {variable.User} is not constant";
        return uses.Find(use => use.User.Attributes.GetInt("layout", 0) != 0) is { } batched
            ? $"DynamicQuantizeLSTM has no layout with the batch first, as {batched.User} has it"
            : null;
    }

    public override WeightMatrix Matrix(WeightCandidate weight) => WeightMatrix.OfRows(weight.Content);

    /// <summary>From [directions, 4 · hidden, inputs] to codes [directions, inputs, 4 · hidden] and scales [directions, 4 · hidden].</summary>
    private protected override DynamicConstants Store(DynamicPart part)
    {
        var dimensions = part.Weight.Content.Dimensions.AsSpan();
        return Add(part.Weight, MatrixStack.Codes(part.Codes, dimensions), Tensor.Create([dimensions[0], dimensions[1]], part.Codes.Scales));
    }

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (input, recurrence) = (constants[reader.Input(1)!], constants[reader.Input(2)!]);
        var lstm = reader.Graph!.Insert(reader, "DynamicQuantizeLSTM",
        [
            reader.Input(0), input.Codes, recurrence.Codes, .. Enumerable.Range(3, 5).Select(reader.Input),
            input.Scales, ZeroPoints(reader, input), recurrence.Scales, ZeroPoints(reader, recurrence),
        ], reader.Outputs.Count, ContribDomain, reader.Name);
        lstm.Attributes.CopyFrom(reader.Attributes, s_kept);
        // The standard infers it from the weights where it is left out.
        lstm.Attributes.Set("hidden_size", recurrence.Codes.Constant!.Dimensions[1]);
        Model.ImportDomain(reader.Graph!, ContribDomain, 1);
        lstm.TakeOutputsOf(reader);
    }

    /// <summary>Zeros, one for each scale: the kernel steps through both alike.</summary>
    private Value ZeroPoints(Node reader, DynamicConstants weight)
    {
        var scales = weight.Scales.Constant!;
        return Add(reader.Graph!, $"{weight.Codes.Name}_zero_point", Tensor.Create(DataType.Int8, scales.Dimensions.AsSpan(), new sbyte[scales.ElementCount]));
    }
}
