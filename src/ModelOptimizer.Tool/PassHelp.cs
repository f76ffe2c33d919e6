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
        var initial = Spell(value);
        var direct = declaration.IsMain ? $" The short form is '{pass.Name}: {declaration.Example}'." : "";
        return $"  {declaration.Open ?? PassNames.ToKebabCase(option.Name)}{(initial.Length == 0 ? "" : $" (default {initial})")}\n    {declaration.Description}{direct}";
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
