using System.Numerics.Tensors;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>Shows what layers read on calibration data, and keeps what rounding of the same layers learns from, as far as memory goes.</summary>
internal sealed class SparseInputs(OnnxModel model, CalibrationData data)
{
    /// <summary>What decides and what judges.</summary>
    private const int MatricesOfInput = 2;

    private readonly Dictionary<Value, InputGram> _kept = [];
    private long _held;

    /// <summary>By what layers read: what was seen of it.</summary>
    public IReadOnlyDictionary<Value, InputGram> Kept => _kept;

    /// <param name="look">Gets each layer that the data shows with XᵀX [depth, depth] of what it reads; its upper triangle counts.</param>
    public void Visit(IReadOnlyList<RefitLayer> layers, Action<RefitLayer, float[]> look)
    {
        ReaderInputs.Visit(model, data, layers.Where(layer => layer.Node.Is("Conv")), takesMeans: false, look);
        var products = layers.Where(layer => !layer.Node.Is("Conv")).GroupBy(layer => layer.Node.Input(0)!);
        foreach (var some in Portions.Of(products, readers => Elements(readers.First().Depth), WeightInputs.Held(data)))
        {
            var seen = data.Observe(model, [.. some.Select(readers => readers.Key)], _ => new InputGram());
            foreach (var readers in some)
                Show(readers, seen[readers.Key], look);
        }
    }

    private void Show(IGrouping<Value, RefitLayer> readers, InputGram inputs, Action<RefitLayer, float[]> look)
    {
        if (inputs.Depth == 0)
            return;
        var gram = new float[inputs.Deciding.Length];
        TensorPrimitives.Add(inputs.Deciding, inputs.Judging, gram);
        foreach (var layer in readers.Where(layer => layer.Depth == inputs.Depth))
            look(layer, gram);
        if (_held + Elements(inputs.Depth) > WeightInputs.Held(data))
            return;
        _held += Elements(inputs.Depth);
        _kept[readers.Key] = inputs;
    }

    private static long Elements(long depth) => MatricesOfInput * depth * depth;
}
