namespace ModelOptimizer.Profiles;

/// <summary>Lays one profile over another: maps merge key by key, everything else replaces.</summary>
internal static class ProfileMerge
{
    /// <param name="below">What is extended.</param>
    /// <param name="above">What extends it and wins.</param>
    public static ProfileMap Over(ProfileMap below, ProfileMap above)
    {
        var entries = below.Entries.Select(entry => above.Find(entry.Key) is { } winner ? Over(entry, winner) : entry);
        var added = above.Entries.Where(entry => below.Find(entry.Key) is null);
        return new ProfileMap([.. entries, .. added], above.Origin);
    }

    private static ProfileEntry Over(ProfileEntry below, ProfileEntry above) =>
        below.Value is ProfileMap lower && above.Value is ProfileMap upper ? above with { Value = Over(lower, upper) } : above;
}
