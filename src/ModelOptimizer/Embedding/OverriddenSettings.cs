using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>Tells where an item's metadata say otherwise than its profile: both are in use, and who reads only one of them wonders.</summary>
internal static class OverriddenSettings
{
    private static readonly EmbedSettings Unset = new();

    /// <returns>Null when they don't contradict each other.</returns>
    public static Diagnostic? Find(RequestedModel item, EmbedSettings profile, SourceLocation? project)
    {
        var overridden = Settings(item, profile).Where(setting => setting is { Metadata: not null, Profile: not null } && setting.Metadata != setting.Profile)
            .Select(setting => $"{setting.Name}='{setting.Metadata}' over '{setting.Key}: {setting.Profile}'").ToList();
        return overridden.Count == 0 ? null
            : new Diagnostic(DiagnosticCatalog.MetadataWins, $"{item.Model}: metadata of the item win over the profile: {string.Join(", ", overridden)}", project);
    }

    /// <summary>What a profile leaves at its default it may not have said at all.</summary>
    private static IEnumerable<(string Name, string? Metadata, string Key, string? Profile)> Settings(RequestedModel item, EmbedSettings profile) =>
    [
        ("EmbedAs", item.EmbedAs?.ToLowerInvariant(), "as", Said(profile.As, Unset.As)),
        ("Compression", item.Compression?.ToLowerInvariant(), "compression", Said(profile.Compression, Unset.Compression)),
        ("ClassName", item.ClassName, "class", profile.Class),
        ("Namespace", item.Namespace, "namespace", profile.Namespace),
        ("DependencyInjection", item.DependencyInjection?.ToLowerInvariant(), "dependency-injection", Said(profile.DependencyInjection, Unset.DependencyInjection)),
    ];

    private static string? Said<T>(T value, T unset) where T : struct => value.Equals(unset) ? null : value.ToString()!.ToLowerInvariant();
}
