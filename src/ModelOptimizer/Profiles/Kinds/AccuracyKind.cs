using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>An accuracy goal: a metric, and its limits as in the budget.</summary>
internal sealed class AccuracyKind : ValueKind
{
    private const string MetricKey = "metric";
    private const string SamplesKey = "samples";

    private readonly IReadOnlyDictionary<string, (LimitKind Limit, MapKind Map)> _metrics;
    private readonly ChoiceKind _metric;

    public AccuracyKind()
    {
        // Metrics that are bounded alike are one form of the map.
        var forms = MetricCatalog.All.Where(metric => !metric.IsCost).GroupBy(metric => (metric.Unit, metric.HasOriginal, metric.HigherIsBetter));
        _metrics = forms.SelectMany(Form).ToDictionary(entry => entry.Metric.Name, entry => (entry.Limit, entry.Map));
        _metric = Choice(_metrics.Keys);
    }

    public override string Wanted => "a map such as { metric: top-1, max-drop: 0.5% }";

    public override object? Read(ProfileNode node, ReadContext context)
    {
        if (node is not ProfileMap map)
            return context.RefuseType(node, Wanted);
        if (map.Find(MetricKey) is not { } named)
            return context.Refuse(DiagnosticCatalog.MissingKey, map, $"{MetricKey} is missing: {_metric.Wanted}");
        if (_metric.Read(named.Value, context.At(MetricKey)) is not string name)
            return null;
        var (limit, keys) = _metrics[name];
        var values = (IReadOnlyDictionary<string, object>)keys.Read(map, context)!;
        return limit.Limit(values, map, context) is not BudgetLimit bounds ? null : new AccuracyGoal(bounds)
        {
            Samples = (int)values.GetValueOrDefault(SamplesKey, AccuracyGoal.DefaultSamples),
            Location = map.Location,
        };
    }

    public override ProfileNode WriteOut(ProfileNode node, string folder) =>
        node is ProfileMap map && map.Find(MetricKey)?.Value is ProfileScalar name ? _metrics[name.Text].Map.WriteOut(node, folder) : node;

    public override JsonObject Schema() => new() { ["anyOf"] = new JsonArray([.. _metrics.Values.Select(metric => metric.Map).Distinct().Select(Schema)]) };

    private static JsonObject Schema(MapKind form)
    {
        var schema = form.Schema();
        schema["required"] = new JsonArray(MetricKey);
        return schema;
    }

    private static IEnumerable<(MetricDeclaration Metric, LimitKind Limit, MapKind Map)> Form(IEnumerable<MetricDeclaration> alike)
    {
        var limit = new LimitKind(alike.First());
        var form = new MapKind("accuracy",
        [
            new MapKey(MetricKey, Choice(alike.Select(metric => metric.Name)), "What is measured.") { IsRequired = true },
            .. limit.Keys,
            new MapKey(SamplesKey, new NumberKind(typeof(int), new NumberRange(1, int.MaxValue)),
                "Rows of data, spread evenly over all of it, on which candidates are tried first; all rows decide.")
            {
                Default = JsonValue.Create(AccuracyGoal.DefaultSamples),
            },
        ]);
        return alike.Select(metric => (metric, new LimitKind(metric), form));
    }

    private static ChoiceKind Choice(IEnumerable<string> names) => new([.. names], name => name);
}
