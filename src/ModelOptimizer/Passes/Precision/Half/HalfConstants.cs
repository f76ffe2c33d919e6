using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Constants in 16 bits beside those in float32, each made once.</summary>
internal sealed class HalfConstants(OnnxModel model, DataType type)
{
    private readonly Dictionary<Value, Value> _halves = [];

    public DataType Type { get; } = type;

    /// <summary>What float16 readers read in a constant's place.</summary>
    public Value Of(Value constant) =>
        _halves.GetValueOrDefault(constant) ?? Add(constant, HalfPrecision.Convert(constant.Constant!, Type).Content);

    /// <summary>Lets everything that still reads a constant read it in 16 bits, through a Cast to float32.</summary>
    public void Store(Value constant, Tensor half)
    {
        var graph = constant.Graph;
        var stored = _halves.GetValueOrDefault(constant) ?? Add(constant, half);
        var first = graph.Nodes.FirstOrDefault(node => node != stored.Producer);
        var cast = graph.Insert(first, "Cast", [stored]);
        cast.Output().Name = $"{constant.Name}_float";
        cast.Attributes.Set("to", (long)DataType.Float);
        constant.ReplaceAllUsesWith(cast.Output());
        constant.RemoveIfUnused();
    }

    private Value Add(Value constant, Tensor half) =>
        _halves[constant] = model.AddConstant(constant.Graph, $"{constant.Name}_{Type.ToOnnxName()}", half);
}
