using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>A sample with what the original answers to it.</summary>
internal sealed record Reference(Sample Sample, IReadOnlyDictionary<string, Tensor?> Outputs)
{
    public long Bytes => Sample.Inputs.Values.Concat(Outputs.Values.OfType<Tensor>()).Sum(tensor => tensor.ByteCount);
}

/// <summary>
/// What the original answers, computed once as far as memory allows: a part of the samples, spread evenly over the data because data is often
/// sorted by class, always; all of them while they fit.
/// </summary>
internal sealed class ReferenceAnswers : IDisposable
{
    /// <summary>Bytes of samples and answers that are kept.</summary>
    private const long Ceiling = 512L << 20;

    private readonly DataSet _data;
    private readonly ModelRunner _original;
    private readonly Reference?[] _kept;
    private readonly HashSet<long> _part;

    /// <param name="rows">Rows that the part has at most.</param>
    public ReferenceAnswers(DataSet data, ModelRunner original, int rows, CancellationToken cancellation)
    {
        (_data, _original) = (data, original);
        var count = CountRuns(data, out var rowsPerRun);
        _kept = new Reference?[count];
        _part = [.. EvenPick.Of(count, Math.Max(1, rows / rowsPerRun))];
        Keep(cancellation);
        Part = [.. _part.Order().Select(index => _kept[index]).OfType<Reference>()];
    }

    /// <summary>The samples to try candidates on.</summary>
    public IReadOnlyList<Reference> Part { get; }

    /// <summary>Runs of the whole data.</summary>
    public int Count => _kept.Length;

    /// <summary>Every sample in order; what was not kept is computed again.</summary>
    public IEnumerable<Reference> All() => Array.TrueForAll(_kept, kept => kept is not null)
        ? _kept.OfType<Reference>()
        : _data.Read().Select(sample => _kept[sample.Index] ?? Answer(sample));

    public void Dispose() => _original.Dispose();

    private static int CountRuns(DataSet data, out int rowsPerRun)
    {
        var (count, most) = (0, 1L);
        foreach (var sample in data.Read())
            (count, most) = (count + 1, Math.Max(most, sample.Rows));
        rowsPerRun = (int)most;
        return count;
    }

    private void Keep(CancellationToken cancellation)
    {
        var (free, left, keepsOthers) = (Ceiling, _part.Count, true);
        foreach (var sample in _data.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            var isPart = _part.Contains(sample.Index);
            left -= isPart ? 1 : 0;
            if (free <= 0 || !(isPart || keepsOthers))
                continue;
            var answer = Answer(sample);
            // Others must leave room for those of the part that are still to come.
            keepsOthers &= isPart || answer.Bytes * (left + 1) <= free;
            if (!isPart && !keepsOthers)
                continue;
            free -= answer.Bytes;
            _kept[sample.Index] = answer;
        }
    }

    private Reference Answer(Sample sample) => new(sample, _original.Run(sample));
}
