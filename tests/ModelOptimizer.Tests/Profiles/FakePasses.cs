using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

/// <summary>Words of a profile that stay as they are while the product's passes come and go: every type that options may have.</summary>
internal static class FakePasses
{
    public static readonly ProfileVocabulary Vocabulary = new(
    [
        ("simplify", typeof(Plain), null),
        ("quantize-weights", typeof(Described), typeof(QuantizeOptions)),
        ("quantize-dynamic", typeof(Plain), null),
        ("convert-float16", typeof(Plain), null),
        ("fix-dimensions", typeof(Plain), typeof(LengthOptions)),
        ("upgrade-opset", typeof(Plain), typeof(UpgradeOptions)),
    ]);

    private sealed class Plain;

    [System.ComponentModel.Description("Stores weights in few bits.")]
    private sealed class Described;
}

public enum RoundingMode
{
    Nearest,
    TowardZero,
}

public sealed record QuantizeOptions : QuantizationOptions
{
    [Option("Bits of a weight.", Choices = [2, 4, 8])]
    public int Bits { get; init; } = 8;

    [Option("Weights that share a scale.", Minimum = 16, Maximum = 256)]
    public int? BlockSize { get; init; }

    [Option("One scale for each channel.")]
    public bool PerChannel { get; init; } = true;

    [Option("Largest share of memory.", Minimum = 0, Maximum = 1)]
    public Ratio Memory { get; init; } = new(0.5);

    [Option("Weights below this size stay.", Minimum = 0)]
    public ByteSize Threshold { get; init; } = new(1024);

    [Option("How long to search.", Maximum = 60)]
    public Duration? Search { get; init; }

    [Option("How values are rounded.")]
    public RoundingMode Rounding { get; init; }

    [Option("Strength.", Minimum = -1, Maximum = 1)]
    public double Alpha { get; init; } = 0.25;

    [Option("A large number.")]
    public long Seed { get; init; }

    [Option("A small number.")]
    public float Epsilon { get; init; } = 0.5f;

    [Option("Grid of candidates.")]
    public GridOptions Grid { get; init; } = new();
}

public sealed record LengthOptions
{
    [Option("A length for each symbol.", Open = "SYMBOL", Minimum = 1, Example = "1")]
    public IReadOnlyList<NamedNumber> Lengths { get; init; } = [];

    [Option("Whether others stay free.")]
    public bool Others { get; init; } = true;
}

public sealed record UpgradeOptions
{
    [Option("The version.", IsMain = true, Required = true, Minimum = 1, Maximum = 99)]
    public long? Version { get; init; }
}

public sealed record GridOptions
{
    [Option("Steps.", Minimum = 1)]
    public int Steps { get; init; } = 20;
}
