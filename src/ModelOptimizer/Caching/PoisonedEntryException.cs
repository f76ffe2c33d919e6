namespace ModelOptimizer.Caching;

/// <summary>An entry is not what was stored. The message is the reason, for the end of a sentence.</summary>
internal class PoisonedEntryException(string reason) : Exception(reason);
