using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>
/// Lets a pass quantize as much of a model as an accuracy goal allows. Quantizes everything and measures; if the goal fails, measures the noise
/// that each candidate makes when only it is quantized, and gives up those that make most until the goal holds. Part of the samples suggests how
/// many, where few rows can't tell for certain; all of them decide.
/// </summary>
internal sealed class MixedPrecision
{
    /// <summary>Bytes of weights that candidates measured side by side may hold together.</summary>
    private const long Ceiling = 1L << 30;

    private readonly QualityGauge _gauge;
    private readonly Trials _trials;
    private readonly OnnxModel _before;
    private readonly Action<string> _progress;
    private readonly CancellationToken _cancellation;
    private readonly SortedDictionary<int, CurvePoint> _curve = [];
    private readonly List<(IReadOnlyList<Candidate> Given, GaugeReading Reading)> _onAll = [];
    private IReadOnlyList<Candidate> _candidates = [];
    private IReadOnlyList<RankedCandidate> _ranking = [];

    /// <param name="gauge">Holds candidates against the original and the goal.</param>
    /// <param name="before">The model before the pass.</param>
    /// <param name="progress">Told what is measured at the moment.</param>
    public MixedPrecision(QualityGauge gauge, Trials trials, OnnxModel before, Action<string> progress, CancellationToken cancellation)
    {
        (_gauge, _trials, _before, _progress, _cancellation) = (gauge, trials, before, progress, cancellation);
    }

    /// <summary>Finds what to give up.</summary>
    public MixedPrecisionResult Search()
    {
        _progress("everything quantized");
        (var quantized, _candidates) = _trials.TakeAll();
        var all = _gauge.MeasureAll(quantized, _cancellation);
        _curve[0] = new CurvePoint(0, all);
        if (all.Holds || _candidates.Count == 0)
            return Result(all, all, [], isReached: all.Holds);
        _progress("nothing quantized");
        var none = _gauge.MeasureAll(_before, _cancellation);
        if (!none.Holds)
            return Result(all, none, _candidates, isReached: false);
        _curve[_candidates.Count] = new CurvePoint(_candidates.Count, _gauge.Level(_before, none, _cancellation));
        _ranking = Ranking();
        var reverted = GiveUp();
        return Result(all, MeasureAll(reverted), reverted, isReached: true);
    }

    private IReadOnlyList<RankedCandidate> Ranking()
    {
        var noise = new (double Noise, int Samples)[_candidates.Count];
        var step = SideBySide.Fitting(_before, Ceiling);
        for (var first = 0; first < noise.Length; first += step)
        {
            _progress($"candidate {first + 1} of {noise.Length} by itself");
            // Built one after the other, measured side by side: the same numbers on any number of cores.
            var models = Enumerable.Range(first, Math.Min(step, noise.Length - first)).Select(i => _trials.TakeAllBut(_candidates.Where((_, other) => other != i))).ToList();
            var start = first;
            SideBySide.For(models.Count, i => noise[start + i] = _gauge.MeasureNoise(models[i], models.Count == 1 ? Cores.Count : 1, _cancellation));
        }
        // OrderBy is stable: of equals the first in the model stays first.
        return [.. _candidates.Select((candidate, i) => new RankedCandidate(candidate, noise[i].Noise, noise[i].Samples)).OrderByDescending(ranked => ranked.Noise)];
    }

    private IReadOnlyList<Candidate> GiveUp()
    {
        var order = _ranking.Select(ranked => ranked.Candidate).ToList();
        var suggested = HoldsOnPart(0) ? 1 : ReversionSearch.ShortestPrefix(1, order.Count, HoldsOnPart);
        var few = ReversionSearch.ShortestPrefix(suggested, order.Count, length => HoldsOnAll(order[..length]));
        DrawCurve(order.Count);
        return ReversionSearch.TakeBack(order[..few], given => given.Count > 0 && !Part(given).FailsClearly && HoldsOnAll(given));

        bool HoldsOnPart(int length) => Point(order, length).Reading.Holds;
    }

    /// <summary>What the search left out of the curve, so that it shows what more or fewer would bring.</summary>
    private void DrawCurve(int count)
    {
        var order = _ranking.Select(ranked => ranked.Candidate).ToList();
        for (var length = 1; length < count; length *= 2)
            Point(order, length);
        Point(order, count);
    }

    /// <summary>On the part of the samples; that with nothing given up comes anew, to be comparable.</summary>
    private CurvePoint Point(List<Candidate> order, int length)
    {
        if (!_curve.TryGetValue(length, out var point) || point.Reading.Samples != _gauge.PartSamples)
            _curve[length] = point = new CurvePoint(length, Part(order[..length]));
        return point;
    }

    private GaugeReading Part(IReadOnlyList<Candidate> given)
    {
        if (_gauge.PartSamples == _gauge.AllSamples)
            return MeasureAll(given);
        _progress($"{given.Count} of {_candidates.Count} left as they are");
        return _gauge.MeasurePart(_trials.TakeAllBut(given), _cancellation);
    }

    private bool HoldsOnAll(IReadOnlyList<Candidate> given) => MeasureAll(given).Holds;

    private GaugeReading MeasureAll(IReadOnlyList<Candidate> given)
    {
        if (_onAll.FirstOrDefault(known => known.Given.SequenceEqual(given)).Reading is { } before)
            return before;
        _progress($"{given.Count} of {_candidates.Count} left as they are, all samples");
        var reading = _gauge.MeasureAll(_trials.TakeAllBut(given), _cancellation);
        _onAll.Add((given, reading));
        return reading;
    }

    private MixedPrecisionResult Result(GaugeReading all, GaugeReading result, IReadOnlyList<Candidate> reverted, bool isReached) => new()
    {
        IsReached = isReached,
        Candidates = _candidates,
        Reverted = reverted,
        Ranking = _ranking,
        Curve = [.. _curve.Values],
        Quantized = all,
        Result = result,
    };
}
