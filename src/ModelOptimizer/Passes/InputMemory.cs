using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>What a pass saw of the inputs of layers, for the next one that finds the model as it was left: then the data need not run again.</summary>
internal sealed class InputMemory
{
    private IReadOnlyDictionary<Value, InputGram> _inputs = new Dictionary<Value, InputGram>();
    private long _at;

    /// <param name="inputs">By what layers read.</param>
    /// <param name="at">The model's count of changes.</param>
    public void Keep(IReadOnlyDictionary<Value, InputGram> inputs, long at) => (_inputs, _at) = (inputs, at);

    /// <summary>What is still true of the model, which is forgotten here: matrices are large.</summary>
    public IReadOnlyDictionary<Value, InputGram> Take(long at)
    {
        Expire(at);
        var taken = _inputs;
        Keep(new Dictionary<Value, InputGram>(), at);
        return taken;
    }

    /// <summary>Forgets what was seen of the model before it changed.</summary>
    public void Expire(long at)
    {
        if (_at != at)
            Keep(new Dictionary<Value, InputGram>(), at);
    }
}
