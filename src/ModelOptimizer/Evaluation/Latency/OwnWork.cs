using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>The kernels that do the work of one of the original's nodes.</summary>
internal sealed record OwnWork(double Microseconds, IReadOnlyList<string> Kernels)
{
    public static OwnWork None { get; } = new(0, []);

    public bool IsQuantized => Kernels.Any(QuantizedKernels.Contains);

    public OwnWork Plus(OwnWork other) => new(Microseconds + other.Microseconds, [.. Kernels, .. other.Kernels]);

    /// <summary>With a neighbour's time; of its kernels only those that quantization brought.</summary>
    public OwnWork WithNeighbour(OwnWork other) => new(Microseconds + other.Microseconds, [.. Kernels, .. other.Kernels.Where(QuantizedKernels.Contains)]);

    /// <summary>Of the original itself.</summary>
    public static IReadOnlyDictionary<Node, OwnWork> Of(OnnxModel original, IReadOnlyList<KernelTime> kernels)
    {
        var owners = new KernelOwners(original);
        return Collect(kernels, owners.Of);
    }

    /// <summary>Of the original's nodes in the result.</summary>
    public static IReadOnlyDictionary<Node, OwnWork> Of(OnnxModel original, OnnxModel result, IReadOnlyList<KernelTime> kernels)
    {
        var (owners, originals) = (new KernelOwners(result), new OriginalNodes(original));
        return Collect(kernels, name => owners.Of(name) is { } node ? originals.Of(node) : null);
    }

    private static Dictionary<Node, OwnWork> Collect(IReadOnlyList<KernelTime> kernels, Func<string, Node?> owner)
    {
        var work = new Dictionary<Node, OwnWork>();
        foreach (var kernel in kernels)
            if (owner(kernel.Name) is { } node)
                work[node] = work.GetValueOrDefault(node, None).Plus(new OwnWork(OperatorComparison.Median(kernel), [kernel.OpType]));
        return work;
    }
}
