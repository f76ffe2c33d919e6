namespace ModelOptimizer.Passes;

/// <summary>What counts where the smaller form is the slower one.</summary>
public enum Preference
{
    /// <summary>What would be slower than float stays float.</summary>
    Speed,

    /// <summary>The smaller file.</summary>
    Size,
}
