namespace ModelOptimizer.Testing.Scores;

/// <summary>Intersection over union of where scores exceed a threshold with where the truth is, over all pictures together.</summary>
public sealed class RegionOverlap(float threshold)
{
    private long _both;
    private long _either;

    /// <summary>1 where both are empty.</summary>
    public double Result => _either == 0 ? 1 : (double)_both / _either;

    /// <param name="scores">A score for each pixel.</param>
    /// <param name="truth">Other than zero where the region is; as long as the scores.</param>
    public void Add(ReadOnlySpan<float> scores, ReadOnlySpan<byte> truth)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(truth.Length, scores.Length);
        for (var i = 0; i < scores.Length; i++)
        {
            var (found, there) = (scores[i] > threshold, truth[i] != 0);
            _both += found && there ? 1 : 0;
            _either += found || there ? 1 : 0;
        }
    }
}
