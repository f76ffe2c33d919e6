using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>Ranges of the source model's values, shared by trials on its copies: a pass looks at a copy before it quantizes anything there.</summary>
internal sealed class SharedRanges
{
    private readonly Dictionary<(Value Source, RangeOptions Options), ValueRange?> _known = [];

    /// <summary>The memory of a trial on that copy.</summary>
    public IRangeMemory Of(ModelCopy copy) => new Memory(copy, _known);

    private sealed class Memory(ModelCopy copy, Dictionary<(Value Source, RangeOptions Options), ValueRange?> known) : IRangeMemory
    {
        public IReadOnlyDictionary<Value, ValueRange> Recall(IReadOnlyCollection<Value> values, RangeOptions options,
            Func<IReadOnlyCollection<Value>, IReadOnlyDictionary<Value, ValueRange>> measure)
        {
            var sources = values.Distinct().ToDictionary(value => value, copy.SourceOf);
            // What the pass made itself has no source, and is measured each time.
            var unknown = sources.Where(pair => pair.Value is null || !known.ContainsKey((pair.Value, options))).Select(pair => pair.Key).ToList();
            var measured = unknown.Count > 0 ? measure(unknown) : new Dictionary<Value, ValueRange>();
            foreach (var value in unknown)
                if (sources[value] is { } source)
                    known[(source, options)] = measured.TryGetValue(value, out var range) ? range : null;
            return sources.Select(pair => (pair.Key, Range: pair.Value is { } source ? known[(source, options)] : measured.TryGetValue(pair.Key, out var own) ? own : (ValueRange?)null))
                .Where(pair => pair.Range is not null).ToDictionary(pair => pair.Key, pair => pair.Range!.Value);
        }
    }
}
