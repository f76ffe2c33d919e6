using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Profiles;

/// <summary>The budget: metrics with their limits.</summary>
internal sealed class BudgetKind()
    : MapKind("budget", [.. MetricCatalog.All.Select(metric => new MapKey(metric.Name, new LimitKind(metric), metric.Description))])
{
    protected override object Complete(IReadOnlyDictionary<string, object> values, ProfileMap map) =>
        values.Select(pair => (BudgetLimit)pair.Value with { Location = map.Find(pair.Key)!.KeyLocation }).ToList();
}

/// <summary>The limits of one metric: a bare number for the usual bound, or a map of bounds.</summary>
internal sealed class LimitKind : ValueKind
{
    private static readonly string Min = Key(nameof(BudgetLimit.Min));
    private static readonly string Max = Key(nameof(BudgetLimit.Max));
    private static readonly string MaxDrop = Key(nameof(BudgetLimit.MaxDrop));
    private static readonly string MaxRise = Key(nameof(BudgetLimit.MaxRise));
    private static readonly string SeverityKey = Key(nameof(BudgetLimit.Severity));

    /// <summary>What may be said beside bounds, here and in accuracy goals.</summary>
    private static readonly IReadOnlyList<string> NoBounds = [SeverityKey, "metric", "samples"];

    private readonly MetricDeclaration _metric;
    private readonly ValueKind _number;
    private readonly MapKind _map;

    public LimitKind(MetricDeclaration metric)
    {
        _metric = metric;
        _number = NumberOf(metric.Unit);
        _map = new MapKind(metric.Name, [.. Bounds()]);
    }

    public override string Wanted => $"{_number.Wanted}, or a map of {Wording.Or(_map.Keys.Select(key => key.Name))}";

    private string BareKey => _metric.HigherIsBetter ? Min : Max;

    public override object? Read(ProfileNode node, ReadContext context) => node switch
    {
        ProfileMap => _map.Read(node, context) is IReadOnlyDictionary<string, object> bounds ? Limit(bounds, node, context) : null,
        ProfileScalar => _number.Read(node, context) is { } bound ? Limit(new Dictionary<string, object> { [BareKey] = bound }, node, context) : null,
        _ => context.RefuseType(node, Wanted),
    };

    /// <summary>The keys of a limit, for maps that say more than a limit.</summary>
    public IReadOnlyList<MapKey> Keys => _map.Keys;

    /// <summary>The limit that the bounds set.</summary>
    public object? Limit(IReadOnlyDictionary<string, object> bounds, ProfileNode node, ReadContext context)
    {
        if (node is ProfileMap { Entries: var entries } && !entries.Any(entry => !NoBounds.Contains(entry.Key)))
            return context.Refuse(DiagnosticCatalog.MissingKey, node, $"no bound is given; add {BareKey}");
        var limit = new BudgetLimit(_metric.Name, node.Location)
        {
            Min = Number(bounds, Min),
            Max = Number(bounds, Max),
            MaxDrop = Number(bounds, MaxDrop),
            MaxRise = Number(bounds, MaxRise),
            Severity = bounds.TryGetValue(SeverityKey, out var severity) ? (Severity)severity : _metric.DefaultSeverity,
        };
        return limit.Min > limit.Max
            ? context.Refuse(DiagnosticCatalog.OutOfRange, node, "min is above max, so that nothing could pass")
            : limit;
    }

    private IEnumerable<MapKey> Bounds()
    {
        yield return new MapKey(Min, _number, "Smallest value allowed.");
        yield return new MapKey(Max, _number, "Largest value allowed.");
        if (_metric is { HasOriginal: true, HigherIsBetter: true })
            yield return new MapKey(MaxDrop, new RatioKind(NumberRange.Share), "Largest loss against the original model, in percentage points.");
        if (_metric is { HasOriginal: true, HigherIsBetter: false })
            yield return new MapKey(MaxRise, new RatioKind(NumberRange.NotNegative), "Largest growth against the original model, relative to it.");
        var severities = ChoiceKind.OfEnum(typeof(Severity), except: Severity.Info);
        yield return new MapKey(SeverityKey, severities, "Whether a broken limit fails the build.") { Default = severities.Spell(_metric.DefaultSeverity) };
    }

    public override ProfileNode WriteOut(ProfileNode node, string folder) => _map.WriteOut(
        node as ProfileMap ?? new ProfileMap([new ProfileEntry(BareKey, node.Origin, node)], node.Origin), folder);

    public override JsonObject Schema() => new() { ["anyOf"] = new JsonArray(_number.Schema(), _map.Schema()) };

    private static ValueKind NumberOf(MetricUnit unit) => unit switch
    {
        MetricUnit.Bytes => new ByteSizeKind(NumberRange.NotNegative),
        MetricUnit.Ratio => new RatioKind(NumberRange.NotNegative),
        MetricUnit.Rate => new RatioKind(NumberRange.Share),
        MetricUnit.Decibel => new NumberKind(typeof(double), NumberRange.Any),
        _ => new NumberKind(typeof(double), NumberRange.NotNegative),
    };

    private static double? Number(IReadOnlyDictionary<string, object> bounds, string key) => bounds.GetValueOrDefault(key) switch
    {
        Ratio ratio => ratio.Value,
        ByteSize size => size.Bytes,
        double number => number,
        _ => null,
    };

    private static string Key(string property) => PassNames.ToKebabCase(property);
}
