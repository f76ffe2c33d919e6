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
        from property in type.GetProperties()
        where property.GetCustomAttribute<OptionAttribute>() is { IsPath: false }
        select new TestCaseData(type, property).SetArgDisplayNames($"{type.Name}.{property.Name}");

    [TestCaseSource(nameof(Settings))]
    public void Every_setting_counts(Type type, PropertyInfo property)
    {
        var (plain, changed) = (Activator.CreateInstance(type)!, Activator.CreateInstance(type)!);
        property.SetValue(changed, Another(property.PropertyType, property.GetValue(plain)));

        Assert.That(Leaves(changed), Is.Not.EqualTo(Leaves(plain)));
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
        var t when t == typeof(AccuracyGoal) => new AccuracyGoal(new BudgetLimit("sqnr", new SourceLocation("p")) { Min = 1 }),
        { IsEnum: true } t => Enum.GetValues(t).Cast<object>().First(one => !one.Equals(value)),
        { IsGenericType: true } t => Longer(t.GetGenericArguments()[0], (System.Collections.IEnumerable?)value),
        var t when t.GetProperties().Any(property => property.GetCustomAttribute<OptionAttribute>() is not null) => Activator.CreateInstance(t)!,
        var t => throw new NotSupportedException($"another {t}"),
    };

    private static Array Longer(Type item, System.Collections.IEnumerable? list)
    {
        object[] items = [.. list?.Cast<object>() ?? [], item == typeof(NamedNumber) ? new NamedNumber("n", 1) : Another(item, null)];
        var longer = Array.CreateInstance(item, items.Length);
        items.CopyTo(longer, 0);
        return longer;
    }
}
