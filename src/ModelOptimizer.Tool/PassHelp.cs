using System.Collections;
using System.ComponentModel;
using System.Reflection;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>What a pass does and which options it takes, from the declarations that the profile's reader uses.</summary>
internal static class PassHelp
{
    public static string Summary(PassDescriptor pass) => pass.Type.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "";

    /// <summary>The options, each with its default; words when there are none.</summary>
    public static string Options(PassDescriptor pass)
    {
        if (pass.OptionsType is not { } type)
            return "It takes no options.";
        var defaults = Activator.CreateInstance(type)!;
        return "Options:\n" + string.Join("\n", Declared(type).Select(option => Describe(pass, option, option.GetValue(defaults))));
    }

    /// <summary>Those of the pass itself before those it shares with others.</summary>
    private static IEnumerable<PropertyInfo> Declared(Type type) => type.GetProperties()
        .Where(property => property.IsDefined(typeof(OptionAttribute)))
        .OrderBy(property => property.DeclaringType == type ? 0 : 1);

    private static string Describe(PassDescriptor pass, PropertyInfo option, object? value)
    {
        var declaration = option.GetCustomAttribute<OptionAttribute>()!;
        var (allowed, initial) = (Allowed(Nullable.GetUnderlyingType(option.PropertyType) ?? option.PropertyType, declaration), Spell(value));
        var direct = declaration.IsMain ? $" The short form is '{pass.Name}: {declaration.Example}'." : "";
        return $"  {declaration.Open ?? Name(option)}{(allowed.Length == 0 ? "" : $": {allowed}")}{(initial.Length == 0 ? "" : $" (default {initial})")}"
            + $"\n    {declaration.Description}{direct}";
    }

    private static string Name(PropertyInfo option) => PassNames.ToKebabCase(option.Name);

    /// <summary>The values to choose from, where they are few or a range of numbers; sizes, shares and times say theirs in words.</summary>
    private static string Allowed(Type type, OptionAttribute option) => option switch
    {
        _ when type.IsEnum => string.Join(" | ", Enum.GetValues(type).Cast<object>().Select(Spell)),
        { Choices: { } choices } => string.Join(" | ", choices),
        _ when type.IsPrimitive && double.IsFinite(option.Minimum) && double.IsFinite(option.Maximum) => $"{Spell(option.Minimum)} to {Spell(option.Maximum)}",
        _ => "",
    };

    /// <summary>What options say beyond the defaults, as YAML spells it: <c>format: contrib</c>.</summary>
    /// <param name="options">The options of one pass; null when it has none.</param>
    /// <param name="takenBy">Only what this pass takes, too.</param>
    public static IEnumerable<string> Said(object? options, PassDescriptor takenBy)
    {
        if (options is null || takenBy.OptionsType is not { } taker)
            return [];
        var defaults = Activator.CreateInstance(options.GetType())!;
        return Declared(options.GetType())
            .Where(option => taker.GetProperty(option.Name)?.PropertyType == option.PropertyType && !Equals(option.GetValue(options), option.GetValue(defaults)))
            .Select(option => $"{Name(option)}: {Spell(option.GetValue(options))}");
    }

    private static string Spell(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        Enum name => PassNames.ToKebabCase(name.ToString()),
        string text => text,
        IEnumerable list => string.Join(", ", list.Cast<object>()),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value}"),
    };
}
