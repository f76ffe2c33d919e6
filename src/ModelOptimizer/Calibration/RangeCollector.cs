namespace ModelOptimizer.Calibration;

/// <summary>What a calibrator remembers of the elements of one value, or of one of its channels. Its size does not depend on how many there are.</summary>
internal abstract class RangeCollector
{
    /// <summary>Null as long as nothing was seen.</summary>
    public abstract ValueRange? Range { get; }

    /// <summary>Whether the range is the same in whatever order samples are taken in, and however many of them at once.</summary>
    public virtual bool IsOrderFree => true;

    /// <summary>Whether <see cref="AddExtremes"/> tells all that there is to know.</summary>
    public virtual bool NeedsElements => false;

    /// <param name="elements">Finite numbers, at least one.</param>
    /// <param name="extremes">The smallest and the largest of them.</param>
    public virtual void Add(ReadOnlySpan<float> elements, ValueRange extremes) => AddExtremes(extremes);

    /// <summary>Takes in elements of which no more is known.</summary>
    public abstract void AddExtremes(ValueRange extremes);

    /// <summary>Takes in what another one remembers of later samples.</summary>
    public abstract void Merge(RangeCollector later);
}
