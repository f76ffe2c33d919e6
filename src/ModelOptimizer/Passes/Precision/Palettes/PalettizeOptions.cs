using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

public sealed record PalettizeOptions : QuantizationOptions
{
    [Option("Bits of a weight, for a table of 2^bits values. The codes take just as many in the file, whatever the number; tables and factors come "
        + "on top. Zero stays exact where no fewer weights are zero than an entry of the table stands for on average, as in pruned models.",
        Minimum = 2, Maximum = 8)]
    public int Bits { get; init; } = 8;

    [Option("Output channels that share a table. Left out: one table for the whole weight. Fewer channels bring values closer, and each table "
        + "takes 4 · 2^bits bytes.", Minimum = 1, Example = "16")]
    public int? GroupSize { get; init; }

    [Option("Multiplies what a table holds by a factor for each output channel, of 4 bytes, where that brings values closer than these bytes would "
        + "as bits of codes, or than a twentieth of a bit would: one table then serves large and small channels.")]
    public bool PerChannelScale { get; init; } = true;
}
