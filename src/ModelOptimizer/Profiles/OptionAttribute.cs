namespace ModelOptimizer.Profiles;

/// <summary>
/// Declares a key of the profile. The parser, the JSON Schema and the docs all read these declarations: the key is the
/// property's name in kebab case, its type the property's type, its default the property's initial value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string description) : Attribute
{
    /// <summary>One sentence for editors' hovers.</summary>
    public string Description { get; } = description;

    /// <summary>Smallest number allowed.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>Largest number allowed.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>The only numbers allowed, when they are few.</summary>
    public int[]? Choices { get; init; }

    /// <summary>A value as one would write it in YAML.</summary>
    public string? Example { get; init; }
}
