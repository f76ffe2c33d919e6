using ModelOptimizer.Evaluation.Data;

namespace ModelOptimizer.Calibration;

/// <summary>What of a value's elements a human may want to know: the first sample with elements that are not finite, and the one that reaches farthest.</summary>
internal sealed class ValueFacts
{
    private readonly record struct Reach(float Magnitude, int Sample, string Source);

    private Reach _farthest = new(-1, -1, "");
    private Reach _next = new(-1, -1, "");

    /// <summary>Elements that are infinite or undefined.</summary>
    public long NonFinite { get; private set; }

    /// <summary>The first sample that has some; null when none has.</summary>
    public (int Index, string Source)? NonFiniteSample { get; private set; }

    /// <summary>The sample that reaches farthest from zero, the first of equals.</summary>
    public (int Index, string Source) FarthestSample => (_farthest.Sample, _farthest.Source);

    /// <summary>The largest distance from zero; below 0 as long as nothing was seen.</summary>
    public float Magnitude => _farthest.Magnitude;

    /// <summary>How far all other samples reach; below 0 when there are none.</summary>
    public float OtherMagnitude => _next.Magnitude;

    public void AddNonFinite(long count, Sample sample) => AddNonFinite(count, (sample.Index, sample.Source));

    public void AddExtremes(ValueRange extremes, Sample sample) => Add(new Reach(extremes.Magnitude, sample.Index, sample.Source));

    public void Merge(ValueFacts other)
    {
        if (other.NonFiniteSample is { } sample)
            AddNonFinite(other.NonFinite, sample);
        Add(other._farthest);
        Add(other._next);
    }

    private void AddNonFinite(long count, (int Index, string Source) sample)
    {
        if (count == 0)
            return;
        NonFinite += count;
        if (NonFiniteSample is not { } first || sample.Index < first.Index)
            NonFiniteSample = sample;
    }

    /// <summary>Keeps the two samples that reach farthest, whatever the order in which parts of them come.</summary>
    private void Add(Reach reach)
    {
        if (reach.Sample < 0)
            return;
        if (reach.Sample == _farthest.Sample)
            _farthest = Larger(_farthest, reach);
        else if (reach.Sample == _next.Sample || IsAhead(reach, _next))
            _next = reach.Sample == _next.Sample ? Larger(_next, reach) : reach;
        if (IsAhead(_next, _farthest))
            (_farthest, _next) = (_next, _farthest);
    }

    private static Reach Larger(Reach a, Reach b) => b.Magnitude > a.Magnitude ? b : a;

    private static bool IsAhead(Reach a, Reach b) => a.Magnitude > b.Magnitude || a.Magnitude == b.Magnitude && a.Sample >= 0 && a.Sample < b.Sample;
}
