using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing;

/// <summary>Makes inputs for any signature: the same for the same seed, small integers, symbolic axes of length 2.</summary>
public static class SampleInputs
{
    private const int SymbolicLength = 2;

    public static Dictionary<string, Tensor> Make(IEnumerable<NamedType> signature, int seed) => SampleGenerator.Make(signature, seed, SymbolicLength);
}
