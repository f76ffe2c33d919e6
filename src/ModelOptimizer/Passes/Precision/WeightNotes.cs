using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>What the user of compressed weights should know of their forms, told once for all of them.</summary>
internal sealed class WeightNotes(QuantizeWeightsOptions options, PassContext context)
{
    private readonly SortedSet<(int Bits, int StorageBits)> _widened = [];
    private readonly SortedSet<string> _readers = new(StringComparer.Ordinal);
    private (int Weights, long Bytes) _restored;

    /// <summary>Takes note of a weight just before it is written.</summary>
    public void Add(WeightCandidate weight, WeightPlan plan)
    {
        if (plan.Grid.Bits < plan.Grid.StorageBits)
            _widened.Add((plan.Grid.Bits, plan.Grid.StorageBits));
        if (plan.Form is not StorageForm)
            return;
        _restored = (_restored.Weights + 1, _restored.Bytes + weight.Content.ByteCount);
        _readers.UnionWith(weight.Uses.Select(use => use.User.OpType));
    }

    public void Report()
    {
        if (_widened.Count > 0)
            Tell(DiagnosticCatalog.BitsInWiderStorage, $"ONNX Runtime has no codes of {string.Join(" or ", _widened.Select(width => width.Bits))} bits: "
                + $"{string.Join(", ", _widened.Select(width => $"weights of {width.Bits} bits are stored in {width.StorageBits}"))}. The file is no smaller "
                + $"for it, only what compresses it gains: 'embed: {{ compression: brotli }}', or the package that the model is shipped in");
        if (_restored.Weights > 0)
            Tell(DiagnosticCatalog.RestoredAtEveryRun, $"{_restored.Weights} weights of {string.Join(", ", _readers)} become floats again at every run, "
                + $"{new ByteSize(_restored.Bytes)} each time, as 'storage: true' accepts: the file is smaller, the model slower. "
                + "'optimize --profile-ops' measures how much");
    }

    private void Tell(DiagnosticDescriptor descriptor, string message) => context.Diagnostics.Report(new Diagnostic(descriptor, message, options.Location));
}
