using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>A table that lookups find rows of and products read transposed.</summary>
internal sealed class DynamicTied(OnnxModel model, DynamicProduct products) : DynamicForm(model)
{
    public override string Name => "Gather and MatMulInteger";

    public override bool Reads(Use use) => false;

    public override bool Reads(WeightCandidate weight) => TiedWeight.Of(weight) is not null;

    public override IReadOnlyList<WeightCandidate> Group(WeightCandidate weight) => [TiedWeight.Of(weight)!.Weight];

    public override WeightMatrix Matrix(WeightCandidate weight) => new(weight.Content, channelAxis: 0);

    public override IReadOnlyList<long> Write(IReadOnlyList<DynamicPart> parts)
    {
        var table = parts[0].Weight;
        var tied = TiedWeight.Of(table with { Uses = table.Value.Uses })!;
        return [tied.Write(Model, parts[0].Codes, products.Replace)];
    }

    private protected override DynamicConstants Store(DynamicPart part) => throw new NotSupportedException();

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants) => throw new NotSupportedException();
}
