using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Looks for made-up inputs that a model runs on.</summary>
internal static class GeneratedSamples
{
    /// <summary>How many different integers to try: tables that they are looked up in may have two rows, or one.</summary>
    private static readonly int[] IntegerRanges = [3, 2, 1];

    /// <param name="lengths">Lengths to try where the signature leaves an axis open: any will do for most models, some want what they were trained on.</param>
    /// <returns>The samples, and the length of open axes.</returns>
    /// <exception cref="DiagnosticException">The model runs on none of them.</exception>
    public static (IReadOnlyList<Dictionary<string, Tensor>> Samples, long Length) Find(
        IInferenceSession session, IReadOnlyList<NamedType> inputs, int count, IEnumerable<long> lengths)
    {
        var reason = "";
        foreach (var (length, integers) in lengths.SelectMany(length => IntegerRanges.Select(integers => (length, integers))))
            try
            {
                var samples = Enumerable.Range(0, count).Select(seed => SampleGenerator.Make(inputs, seed, length, integers)).ToList();
                samples.ForEach(sample => session.Run(sample));
                return (samples, length);
            }
            catch (Exception e) when (e is InferenceException or NotSupportedException or OverflowException)
            {
                reason = e.Message;
            }
        throw new DiagnosticException(DiagnosticCatalog.RunFailed,
            $"No inputs could be made up that the original model runs on ({reason}). Give real ones with --data, or with 'evaluate: {{ data: FILE.npz }}' in a profile");
    }
}
