using System.Globalization;
using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

/// <summary>The numbers that an option allows.</summary>
internal sealed record NumberRange(double Minimum, double Maximum, IReadOnlyList<int>? Choices = null)
{
    public static readonly NumberRange Any = new(double.NegativeInfinity, double.PositiveInfinity);
    public static readonly NumberRange NotNegative = new(0, double.PositiveInfinity);
    public static readonly NumberRange Share = new(0, 1);

    public static NumberRange Of(OptionAttribute option) => new(option.Minimum, option.Maximum, option.Choices);

    public bool Contains(double number) =>
        number >= Minimum && number <= Maximum && (Choices is null || Choices.Any(choice => choice == number));

    /// <summary>" from 1 to 8", " of at least 0", ": 2, 4 or 8", or nothing.</summary>
    /// <param name="show">How a bound is written in the option's unit.</param>
    public string Words(Func<double, string> show) => (Choices, double.IsFinite(Minimum), double.IsFinite(Maximum)) switch
    {
        ({ } choices, _, _) => ": " + Wording.Or(choices.Select(choice => show(choice))),
        (_, true, true) => $" from {show(Minimum)} to {show(Maximum)}",
        (_, true, false) => $" of at least {show(Minimum)}",
        (_, false, true) => $" of at most {show(Maximum)}",
        _ => "",
    };

    /// <summary>Adds the bounds to a number's schema.</summary>
    public JsonObject Constrain(JsonObject schema)
    {
        if (Choices is not null)
            schema["enum"] = new JsonArray([.. Choices.Select(choice => JsonValue.Create(choice))]);
        if (double.IsFinite(Minimum))
            schema["minimum"] = Number(Minimum);
        if (double.IsFinite(Maximum))
            schema["maximum"] = Number(Maximum);
        return schema;
    }

    // Whole bounds are written without a fraction.
    private static JsonValue Number(double bound) => bound == Math.Truncate(bound) && Math.Abs(bound) < 1L << 53 ? JsonValue.Create((long)bound) : JsonValue.Create(bound);

    public static string Plain(double number) => number.ToString(CultureInfo.InvariantCulture);
}
