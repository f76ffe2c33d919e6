using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Finds convolutions that compute a Fourier transform: parts of their results are squared and added up to magnitudes, which span many powers of
/// ten and mostly enter a logarithm. 256 codes in equal steps don't.
/// </summary>
internal static class Spectra
{
    /// <summary>The operator that takes a power or logarithm of a value, as it is or moved; null when there is none.</summary>
    public static Node? ReaderOf(Value value)
    {
        var (seen, pending) = (new HashSet<Value> { value }, new Stack<Value>([value]));
        while (pending.TryPop(out var next))
            foreach (var use in next.Uses)
                if (IsPower(use.User))
                    return use.User;
                else if (use.Index == 0 && QuantizableOperators.Find(use.User) is { Kind: QuantizedKind.Movement })
                    foreach (var moved in use.User.Outputs.OfType<Value>().Where(seen.Add))
                        pending.Push(moved);
        return null;
    }

    private static bool IsPower(Node node) => node.Is("Pow", "Log", "Sqrt", "Reciprocal", "ReduceSumSquare", "ReduceL2")
        || (node.Is("Mul") && node.Input(0) == node.Input(1));
}
