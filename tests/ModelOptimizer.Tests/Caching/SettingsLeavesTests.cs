using System.Reflection;
using ModelOptimizer.Caching;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Caching;

/// <summary>No setting that a profile has, or will have, may be missing from the key.</summary>
internal sealed class SettingsLeavesTests
{
    private static IEnumerable<TestCaseData> Settings() =>
        from type in new[] { typeof(CalibrationSettings), typeof(EvaluateSettings) }.Concat(PassRegistry.All.Select(pass => pass.OptionsType).OfType<Type>())
            .Distinct()
        from change in Changes(Sample(type), type.Name)
        select new TestCaseData(change.Plain, change.Changed).SetArgDisplayNames(change.Path);

    [TestCaseSource(nameof(Settings))]
    public void Every_setting_counts(object plain, object changed) => Assert.That(Leaves(changed), Is.Not.EqualTo(Leaves(plain)));

    [Test]
    public void Settings_within_settings_are_among_them()
    {
        var paths = Settings().Select(one => one.TestName ?? string.Join(", ", one.ArgDisplayNames ?? [])).ToList();

        Assert.That(paths, Is.SupersetOf(new[]
        {
            "QuantizeStaticOptions.Accuracy", "QuantizeStaticOptions.Accuracy.Samples", "QuantizeStaticOptions.Accuracy.Limit.Max",
            "QuantizeStaticOptions.Overrides", "QuantizeStaticOptions.Overrides.Weights",
        }));
    }

    /// <summary>Files are read by name and contents where a run lists them; it would have to list those of a pass, too.</summary>
    [Test]
    public void No_pass_reads_files_of_its_own() => Assert.That(
        from pass in PassRegistry.All
        where pass.OptionsType is not null
        from property in pass.OptionsType!.GetProperties()
        where property.GetCustomAttribute<OptionAttribute>() is { IsPath: true }
        select $"{pass.Name}: {property.Name}", Is.Empty);

    [Test]
    public void Lists_that_differ_in_their_borders_differ()
    {
        var one = new QuantizeWeightsOptions { Include = ["a", "b"], Exclude = [] };
        var other = new QuantizeWeightsOptions { Include = ["a"], Exclude = ["b"] };

        Assert.That(Leaves(one), Is.Not.EqualTo(Leaves(other)));
    }

    private static string Leaves(object settings) => string.Join('\n', SettingsLeaves.Of(settings, "x").Where(leaf => leaf.Value is string));

    /// <summary>Pairs that differ in one place: at each setting, and within each that has settings of its own.</summary>
    private static IEnumerable<(string Path, object Plain, object Changed)> Changes(object plain, string path)
    {
        foreach (var property in plain.GetType().GetProperties().Where(IsSetting))
        {
            var (type, place) = (property.PropertyType, $"{path}.{property.Name}");
            yield return (place, plain, With(plain, property, Another(type, property.GetValue(plain))));
            var item = type.IsGenericType && Nullable.GetUnderlyingType(type) is null ? type.GetGenericArguments()[0] : type;
            if (!HasSettings(item))
                continue;
            foreach (var (inner, before, after) in Changes(Sample(item), place))
                yield return (inner, With(plain, property, Within(before)), With(plain, property, Within(after)));

            object Within(object value) => item == type ? value : List(item, [value]);
        }
    }

    private static bool IsSetting(PropertyInfo property) => property.CanWrite && property.PropertyType != typeof(SourceLocation)
        && property.GetIndexParameters().Length == 0 && property.GetCustomAttribute<OptionAttribute>() is not { IsPath: true };

    private static bool HasSettings(Type type) => type == typeof(AccuracyGoal) || type == typeof(BudgetLimit) || type == typeof(NamedNumber)
        || type.GetProperties().Any(property => property.GetCustomAttribute<OptionAttribute>() is not null);

    private static object With(object record, PropertyInfo property, object value)
    {
        var copy = record.GetType().GetMethod("<Clone>$")!.Invoke(record, [])!;
        property.SetValue(copy, value);
        return copy;
    }

    private static object Sample(Type type) => type switch
    {
        var t when t == typeof(BudgetLimit) => new BudgetLimit("sqnr", new SourceLocation("p")) { Min = 1 },
        var t when t == typeof(AccuracyGoal) => new AccuracyGoal((BudgetLimit)Sample(typeof(BudgetLimit))),
        var t when t == typeof(NamedNumber) => new NamedNumber("n", 1),
        var t => Activator.CreateInstance(t)!,
    };

    private static object Another(Type type, object? value) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) => !(value as bool? ?? false),
        var t when t == typeof(int) => (value as int? ?? 0) + 1,
        var t when t == typeof(long) => (value as long? ?? 0) + 1,
        var t when t == typeof(double) => (value as double? ?? 0) + 1,
        var t when t == typeof(float) => (value as float? ?? 0) + 1,
        var t when t == typeof(string) => value + "other",
        var t when t == typeof(Ratio) => new Ratio((value as Ratio? ?? default).Value + 0.001),
        var t when t == typeof(ByteSize) => new ByteSize((value as ByteSize? ?? default).Bytes + 1),
        var t when t == typeof(Duration) => new Duration((value as Duration? ?? default).Value + TimeSpan.FromTicks(1)),
        var t when t == typeof(ImageSize) => new ImageSize(31, 32),
        var t when t == typeof(Calibrator) => Calibrator.All.First(one => one != value),
        var t when t == typeof(WeightAlgorithm) => WeightAlgorithm.All.First(one => one != value),
        { IsEnum: true } t => Enum.GetValues(t).Cast<object>().First(one => !one.Equals(value)),
        { IsGenericType: true } t => Longer(t.GetGenericArguments()[0], (System.Collections.IEnumerable?)value),
        var t when HasSettings(t) => value is null ? Sample(t) : Changes(value, "").First().Changed,
        var t => throw new NotSupportedException($"another {t}"),
    };

    private static Array Longer(Type item, System.Collections.IEnumerable? list) =>
        List(item, [.. list?.Cast<object>() ?? [], HasSettings(item) ? Sample(item) : Another(item, null)]);

    private static Array List(Type item, object[] items)
    {
        var list = Array.CreateInstance(item, items.Length);
        items.CopyTo(list, 0);
        return list;
    }
}
