using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>A table whose rows are looked up: an embedding. Its rows are turned into floats as they are found.</summary>
internal sealed class DynamicLookup(OnnxModel model) : DynamicForm(model)
{
    public override string Name => "Gather of int8 rows";

    public override string Announcement => "store rows as int8";

    public override bool Sums => false;

    public override bool Reads(Use use) => WeightSlots.IsLookup(use);

    public override WeightMatrix Matrix(WeightCandidate weight) => new(weight.Content, channelAxis: 0);

    private protected override DynamicConstants Store(DynamicPart part)
    {
        var dimensions = part.Weight.Content.Dimensions.AsSpan();
        return Add(part.Weight, DequantizeLinearLayout.Codes(part.Codes, dimensions, channelAxis: 0), LookupForm.RowScales(part.Codes, dimensions.Length));
    }

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (table, rowScales) = constants[reader.Input(0)!];
        LookupForm.Replace(reader, table, rowScales);
    }
}
