using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Caching;

/// <summary>An entry is not what was stored. The message is the reason, for the end of a sentence.</summary>
internal class PoisonedEntryException(string reason) : Exception(reason)
{
    /// <summary>The contents that are wrong; null when they are as they were stored, and mean nothing.</summary>
    public Digest? Wrong { get; init; }
}
