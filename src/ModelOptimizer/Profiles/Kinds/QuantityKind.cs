using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A number with a unit: <c>25%</c>, <c>2 MiB</c>, <c>5 ms</c>; where it makes sense also a bare number.</summary>
internal abstract class QuantityKind(string name, string examples, NumberRange range, IReadOnlyCollection<string> units, string pattern) : ScalarKind
{
    public override string Wanted => $"{name}{range.Words(Show)}, such as {examples}";

    /// <summary>The JSON type of a bare number; null when a unit is required.</summary>
    protected abstract string? BareType { get; }

    protected abstract (object Value, double Number)? Parse(string text);

    /// <summary>A number in the unit's own writing.</summary>
    protected abstract string Show(double number);

    /// <summary>What else could be meant by a number that is out of range.</summary>
    protected virtual string RangeHint(ProfileScalar scalar, ScalarType type) => "";

    protected sealed override object? Read(ProfileScalar scalar, ScalarType type, ReadContext context)
    {
        var isBare = type == ScalarType.Integer || type == ScalarType.Float && BareType == "number";
        if (isBare && BareType is null)
            return context.RefuseType(scalar, Wanted, $"; add a unit: {Wording.Or(units)}");
        if (isBare && scalar.Text[0] == '-')
            return RefuseRange(scalar, type, context);
        // In quotes a bare number is a text, and JSON Schema would refuse it.
        if (!isBare && (type != ScalarType.Text || !HasUnit(scalar.Text)) || Parse(scalar.Text) is not var (value, number))
            return Misread(scalar, type, context);
        return range.Contains(number) ? value : RefuseRange(scalar, type, context);
    }

    protected sealed override IEnumerable<JsonObject> Alternatives()
    {
        if (BareType is { } bare)
            yield return range.Constrain(new() { ["type"] = bare, ["minimum"] = 0 });
        yield return new() { ["type"] = "string", ["pattern"] = pattern };
    }

    private object? RefuseRange(ProfileScalar scalar, ScalarType type, ReadContext context) =>
        context.Refuse(DiagnosticCatalog.OutOfRange, scalar, $"wants {Wanted}, not {scalar.Text}{RangeHint(scalar, type)}");

    private object? Misread(ProfileScalar scalar, ScalarType type, ReadContext context)
    {
        var (number, unit) = Quantity.Split(scalar.Text);
        if (type != ScalarType.Text || number.Length == 0 || unit.Length == 0 || units.Contains(unit))
            return context.RefuseType(scalar, Wanted);
        var meant = units.FirstOrDefault(known => known.Equals(unit, StringComparison.OrdinalIgnoreCase));
        var hint = meant is null ? $"; the units are {Wording.Or(units)}" : $"; did you mean '{number} {meant}'?";
        return context.Refuse(DiagnosticCatalog.UnknownUnit, scalar, $"'{unit}' is no unit here{hint}");
    }

    private static bool HasUnit(string text) => Quantity.Split(text).Unit.Length > 0;
}

internal sealed class RatioKind(NumberRange range) : QuantityKind("a ratio", "25% or 0.25", range, ["%"], Ratio.Pattern)
{
    protected override string BareType => "number";

    protected override (object Value, double Number)? Parse(string text) => Ratio.TryParse(text, out var ratio) ? (ratio, ratio.Value) : null;

    protected override string Show(double number) => new Ratio(number).ToString();

    protected override string RangeHint(ProfileScalar scalar, ScalarType type) =>
        type == ScalarType.Text || scalar.Text[0] == '-' ? "" : $"; did you mean {scalar.Text}%?";

    public override JsonNode Spell(object value) => JsonValue.Create(((Ratio)value).ToString());
}

internal sealed class ByteSizeKind(NumberRange range)
    : QuantityKind("a size", "2 MiB or 500 kB", range, [.. ByteSize.Units.Keys], Quantity.Pattern(ByteSize.Units))
{
    protected override string BareType => "integer";

    protected override (object Value, double Number)? Parse(string text) => ByteSize.TryParse(text, out var size) ? (size, size.Bytes) : null;

    protected override string Show(double number) => new ByteSize((long)number).ToString();

    public override JsonNode Spell(object value) => JsonValue.Create(((ByteSize)value).ToString());
}

internal sealed class DurationKind(NumberRange range)
    : QuantityKind("a time", "5 ms", range, [.. Duration.Units.Keys], Quantity.Pattern(Duration.Units))
{
    protected override string? BareType => null;

    protected override (object Value, double Number)? Parse(string text) =>
        Duration.TryParse(text, out var time) ? (time, time.Value.TotalSeconds) : null;

    protected override string Show(double number) => new Duration(TimeSpan.FromSeconds(number)).ToString();

    public override JsonNode Spell(object value) => JsonValue.Create(((Duration)value).ToString());
}
