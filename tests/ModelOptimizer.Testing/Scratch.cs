using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing;

/// <summary>Makes small models go the way of large ones.</summary>
public static class Scratch
{
    /// <summary>Lets every large tensor that passes make for the model lie in a scratch file.</summary>
    public static OnnxModel PuttingAllAside(this OnnxModel model)
    {
        model.Scratch = new ScratchSpace(inMemory: 0);
        return model;
    }
}
