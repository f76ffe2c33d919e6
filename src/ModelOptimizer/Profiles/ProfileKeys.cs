namespace ModelOptimizer.Profiles;

/// <summary>Keys of the profile that code names.</summary>
internal static class ProfileKeys
{
    public const string Version = "version";
    public const string Extends = "extends";
    public const string Budget = "budget";
    public const string Passes = "passes";
}
