namespace ModelOptimizer.Profiles;

/// <summary>Which names a text option allows.</summary>
public enum NameSource
{
    /// <summary>Anything goes.</summary>
    Any,

    /// <summary>The names in <see cref="MetricCatalog"/>.</summary>
    Metrics,
}

/// <summary>
/// Declares a key of the profile. The parser, the JSON Schema and the docs all read these declarations: the key is the
/// property's name in kebab case, its type the property's type, its default the property's initial value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string description) : Attribute
{
    /// <summary>One sentence for editors' hovers.</summary>
    public string Description { get; } = description;

    /// <summary>Smallest number allowed; for sizes in bytes, for ratios as a fraction, for times in seconds.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>Largest number allowed, in the same units.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>The only numbers allowed, when they are few.</summary>
    public int[]? Choices { get; init; }

    /// <summary>The names allowed in a text or list of texts.</summary>
    public NameSource Names { get; init; }

    /// <summary>What a text must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>What <see cref="Pattern"/> describes, in words: "a C# identifier".</summary>
    public string? Meaning { get; init; }

    /// <summary>True for paths, which are relative to the file that says them.</summary>
    public bool IsPath { get; init; }

    /// <summary>True when the map that has this key must say it.</summary>
    public bool Required { get; init; }

    /// <summary>Other keys of the same map that stand in for this one when it is required.</summary>
    public string[] RequiredUnless { get; init; } = [];

    /// <summary>
    /// What the user's own keys name, such as <c>SYMBOL</c>, when this option takes every key of the map that is not declared: a list of
    /// <see cref="NamedNumber"/>.
    /// </summary>
    public string? Open { get; init; }

    /// <summary>True for the one option of a pass that may stand directly behind its name: <c>upgrade-opset: 21</c>.</summary>
    public bool IsMain { get; init; }

    /// <summary>A value as one would write it in YAML.</summary>
    public string? Example { get; init; }
}
