using System.Globalization;
using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A whole or broken number, of any of the number types that options use.</summary>
internal sealed class NumberKind(Type type, NumberRange range) : ScalarKind
{
    private readonly bool _isWhole = type == typeof(int) || type == typeof(long);
    private readonly NumberRange _range = type == typeof(int) ? range with
    {
        Minimum = Math.Max(range.Minimum, int.MinValue),
        Maximum = Math.Min(range.Maximum, int.MaxValue),
    } : range;

    // The bounds of the type itself are no news.
    public override string Wanted => (_isWhole ? "a whole number" : "a number") + range.Words(NumberRange.Plain);

    protected override object? Read(ProfileScalar scalar, ScalarType scalarType, ReadContext context)
    {
        if (scalarType != ScalarType.Integer && (_isWhole || scalarType != ScalarType.Float))
            return context.RefuseType(scalar, Wanted, Hint(scalar));
        // Long first: a double would round the large ones.
        if (TryParseLong(scalar.Text, out var whole) && _range.Contains(whole))
            return Convert.ChangeType(whole, type, CultureInfo.InvariantCulture);
        var number = double.TryParse(scalar.Text, CultureInfo.InvariantCulture, out var parsed) ? parsed : double.NaN;
        return !_isWhole && double.IsFinite(number) && _range.Contains(number)
            ? Convert.ChangeType(number, type, CultureInfo.InvariantCulture)
            : context.Refuse(DiagnosticCatalog.OutOfRange, scalar, $"wants {Wanted}, not {scalar.Text}");
    }

    protected override IEnumerable<JsonObject> Alternatives() => [_range.Constrain(new() { ["type"] = _isWhole ? "integer" : "number" })];

    public override JsonNode Spell(object value) => value switch
    {
        int or long => JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        float number => JsonValue.Create(number),
        _ => JsonValue.Create((double)value),
    };

    private static string Hint(ProfileScalar scalar) =>
        !scalar.IsPlain && CoreSchema.TypeOf(scalar with { IsPlain = true }) is ScalarType.Integer or ScalarType.Float ? "; leave the quotes out" : "";

    private static bool TryParseLong(string text, out long number) => text switch
    {
        ['0', 'x', .. var hex] => long.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number),
        ['0', 'o', .. var octal] => TryParseOctal(octal, out number),
        _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number),
    };

    private static bool TryParseOctal(string digits, out long number)
    {
        // 20 octal digits are 60 bits.
        number = digits.Length <= 20 ? digits.Aggregate(0L, (sum, digit) => sum * 8 + (digit - '0')) : 0;
        return digits.Length <= 20;
    }
}
