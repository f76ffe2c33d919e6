namespace ModelOptimizer.Reporting;

/// <summary>Where a result comes from.</summary>
public enum ResultSource
{
    /// <summary>This run made it.</summary>
    Made,

    /// <summary>An earlier run on this machine made it.</summary>
    Cache,

    /// <summary>A run elsewhere made it.</summary>
    SharedCache,
}
