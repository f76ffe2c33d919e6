namespace ModelOptimizer.Passes;

/// <summary>Classes that profiles name: one more of a kind is one more choice, and nothing else has to know.</summary>
internal static class NamedClasses
{
    /// <summary>One of each class of a kind, by name.</summary>
    public static IReadOnlyList<T> All<T>(Func<T, string> name) where T : class =>
    [
        .. typeof(T).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(T)) && !type.IsAbstract)
            .Select(type => (T)Activator.CreateInstance(type, nonPublic: true)!).OrderBy(name, StringComparer.Ordinal),
    ];
}
