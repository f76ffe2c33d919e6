using System.Collections;
using System.Globalization;
using System.Reflection;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Caching;

/// <summary>
/// Every single value of a profile's settings by its path: <c>passes[1].Options.Bits</c>. New settings are among them without a line here.
/// Paths of files are left out: what counts is what is in them.
/// </summary>
internal static class SettingsLeaves
{
    /// <returns>Texts of values; a <see cref="SourceLocation"/> as it is.</returns>
    public static IEnumerable<(string Path, object Value)> Of(object? value, string path) => value switch
    {
        null => [(path, "null")],
        SourceLocation location => [(path, location)],
        string text => [(path, text)],
        bool or Enum => [(path, value.ToString()!)],
        Calibrator calibrator => [(path, calibrator.Name)],
        WeightAlgorithm algorithm => [(path, algorithm.Name)],
        IFormattable number when value.GetType().Namespace == nameof(System) => [(path, number.ToString(null, CultureInfo.InvariantCulture))],
        IEnumerable list => OfList(list, path),
        _ => OfRecord(value, path),
    };

    /// <summary>With its length, so that an empty list is something, too.</summary>
    private static IEnumerable<(string, object)> OfList(IEnumerable list, string path)
    {
        var items = list.Cast<object?>().ToList();
        return items.SelectMany((item, i) => Of(item, $"{path}[{i}]")).Prepend((path, items.Count.ToString(CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<(string, object)> OfRecord(object record, string path) => record.GetType()
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(IsSetting)
        .OrderBy(property => property.Name, StringComparer.Ordinal)
        .SelectMany(property => Of(property.GetValue(record), $"{path}.{property.Name}"))
        .Prepend((path, record.GetType().Name));

    /// <summary>What can't be set follows from what can.</summary>
    private static bool IsSetting(PropertyInfo property) =>
        property.CanWrite && property.GetIndexParameters().Length == 0 && property.GetCustomAttribute<OptionAttribute>() is not { IsPath: true };
}
