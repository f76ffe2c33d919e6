using System.Reflection;

namespace ModelOptimizer.Passes;

/// <summary>One pass as profiles know it.</summary>
/// <param name="Name">Its name in kebab case.</param>
/// <param name="Type">Its class.</param>
/// <param name="OptionsType">The record of its options; null when it has none.</param>
public sealed record PassDescriptor(string Name, Type Type, Type? OptionsType)
{
    internal static PassDescriptor Of(Type type) => new(PassNames.Of(type), type, OptionsOf(type));

    private static Type? OptionsOf(Type type) => type.GetConstructors() switch
    {
        [var only] when only.GetParameters() is [] => null,
        [var only] when only.GetParameters() is [var options] => options.ParameterType,
        _ => throw new InvalidOperationException($"{type.Name} needs one public constructor with no parameters or one options record"),
    };
}

/// <summary>All passes by their names in profiles: every public class of this assembly that is an <see cref="IGraphPass"/>.</summary>
public static class PassRegistry
{
    private static readonly Dictionary<string, PassDescriptor> ByName = typeof(PassRegistry).Assembly.GetExportedTypes()
        .Where(type => !type.IsAbstract && type.IsAssignableTo(typeof(IGraphPass)))
        .Select(PassDescriptor.Of)
        .ToDictionary(descriptor => descriptor.Name);

    /// <summary>Every pass, by name.</summary>
    public static IReadOnlyList<PassDescriptor> All { get; } = [.. ByName.Values.OrderBy(pass => pass.Name, StringComparer.Ordinal)];

    public static PassDescriptor? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Makes a pass.</summary>
    /// <param name="name">Its name in kebab case.</param>
    /// <param name="options">Its options record; null for the defaults.</param>
    /// <exception cref="ArgumentException">There is no such pass, or the options are another pass's.</exception>
    public static IGraphPass Create(string name, object? options = null)
    {
        var pass = Find(name) ?? throw new ArgumentException($"There is no pass '{name}'", nameof(name));
        if (pass.OptionsType is null && options is not null || options?.GetType().IsAssignableTo(pass.OptionsType) == false)
            throw new ArgumentException($"{options!.GetType().Name} are not the options of '{name}'", nameof(options));
        object?[] arguments = pass.OptionsType is null ? [] : [options ?? Activator.CreateInstance(pass.OptionsType)];
        return (IGraphPass)Activator.CreateInstance(pass.Type, BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null)!;
    }
}
