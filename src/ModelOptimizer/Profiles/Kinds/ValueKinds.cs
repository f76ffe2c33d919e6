using System.Reflection;
using ModelOptimizer.Calibration;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Profiles;

/// <summary>Finds the kind of value for a declared option: the one place that knows which types options may have.</summary>
internal static class ValueKinds
{
    /// <exception cref="InvalidOperationException">The option is declared with a type that profiles can't say.</exception>
    public static ValueKind Of(PropertyInfo property, OptionAttribute option) =>
        Of(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, property, option);

    /// <summary>The map that becomes a record of options.</summary>
    public static RecordKind Record(Type type, string title) => new(type, title, Of);

    private static ValueKind Of(Type type, PropertyInfo property, OptionAttribute option) => type switch
    {
        _ when type == typeof(bool) => new BooleanKind(),
        _ when type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(float) =>
            new NumberKind(type, NumberRange.Of(option)),
        _ when type == typeof(string) => Text(option),
        _ when type == typeof(Calibrator) =>
            new ChoiceKind([.. Calibrator.All.Select(calibrator => calibrator.Name)], name => Calibrator.Find(name)!),
        _ when type == typeof(WeightAlgorithm) =>
            new ChoiceKind([.. WeightAlgorithm.All.Select(algorithm => algorithm.Name)], name => WeightAlgorithm.Find(name)!),
        _ when type.IsEnum => ChoiceKind.OfEnum(type),
        _ when type == typeof(Ratio) => new RatioKind(NumberRange.Of(option)),
        _ when type == typeof(ByteSize) => new ByteSizeKind(NumberRange.Of(option)),
        _ when type == typeof(Duration) => new DurationKind(NumberRange.Of(option)),
        _ when type == typeof(IReadOnlyList<string>) => new ListKind(Text(option), typeof(string)),
        _ when type == typeof(ImageSize) => new ImageSizeKind(),
        _ when type == typeof(IReadOnlyList<NamedNumber>) && option.Open is not null => new NumberKind(typeof(long), NumberRange.Of(option)),
        _ when type == typeof(AccuracyGoal) => new AccuracyKind(),
        _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) =>
            new ListKind(Of(type.GetGenericArguments()[0], property, option), type.GetGenericArguments()[0]),
        _ when RecordKind.Options(type).Any() => Record(type, RecordKind.Key(property)),
        _ => throw new InvalidOperationException($"{property.DeclaringType}.{property.Name}: profiles can't say a {type}"),
    };

    private static ScalarKind Text(OptionAttribute option) => option.Names == NameSource.Metrics
        ? new ChoiceKind([.. MetricCatalog.All.Where(metric => !metric.IsCost).Select(metric => metric.Name)], name => name)
        : new TextKind(option.Meaning ?? (option.IsPath ? "a path" : "a text"), option.Pattern, option.IsPath);
}
