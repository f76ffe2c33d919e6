using ModelOptimizer.Profiles;

namespace ModelOptimizer.Caching;

/// <summary>Where to keep results, and how many.</summary>
/// <param name="Folder">Full path.</param>
public sealed record CacheSettings(string Folder)
{
    public static ByteSize DefaultCapacity { get; } = new(2L << 30);

    /// <summary>What all results together may take.</summary>
    public ByteSize Capacity { get; init; } = DefaultCapacity;

    /// <summary>A server that is asked for what is not here; null for none.</summary>
    public SharedCacheSettings? Shared { get; init; }

    /// <summary>How long to wait for the server.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After what time to tell that another run is waited for.</summary>
    internal TimeSpan QuietWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait for a run that makes the same.</summary>
    internal TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(10);
}
