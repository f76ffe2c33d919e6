using System.ComponentModel;
using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores each weight as codes of 2 to 8 bits that find values in a table, chosen for the least squared error (k-means, exact for up to 2048
/// different numbers; <see cref="Codebook"/> tells of more). The runtime makes floats of them once, when it loads the model, and computes as fast
/// as before: for convolutions above all, which have no n-bit kernel.
/// <code>
/// Conv(x, w)  =>  Conv(x, Gather(table, Cast(codes)))
/// </code>
/// </summary>
[Description("Stores each weight as codes of 2 to 8 bits that find values in a table of its own (k-means). The runtime makes floats of them when it "
    + "loads the model: a smaller file at the original speed, for convolutions above all. Memory, and time to load, are those of floats and a "
    + "little more.")]
public sealed class Palettize(PalettizeOptions options) : ISelectivePass
{
    /// <summary>Bytes of weights that are looked at together, each of which needs about half as many again.</summary>
    private const long Held = 1L << 28;

    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var weights = WeightCandidate.Find(model).ToList();
        var (writer, sharers) = (new PaletteWriter(context), weights.Count(weight => MayShrink(weight) && Refuse(weight, context) is null));
        foreach (var portion in Portions.Of(weights, weight => weight.Content.ByteCount, Held))
        {
            if (context.IsDone)
                return;
            var found = portion.Select(weight => (PaletteFinding?)Refuse(weight, context)).ToArray();
            // What is refused may have no channels to group.
            var groups = portion.Select((weight, i) => found[i] is null ? Groups(weight) : null).ToArray();
            Cores.For(0, portion.Count, i => found[i] ??= Find(portion[i], groups[i]!));
            for (var i = 0; i < portion.Count && !context.IsDone; i++)
            {
                if (Write(portion[i], found[i]!, sharers, writer, context) is { } refusal)
                    context.RefuseWeight(portion[i].Name, portion[i].Content, refusal);
                // What was written lives in the model alone.
                found[i] = null;
            }
        }
    }

    private bool MayShrink(WeightCandidate weight)
    {
        var (count, entries) = (weight.Content.ElementCount, Math.Min(weight.Content.ElementCount, 1 << options.Bits));
        return count <= Array.MaxLength
            && WeightGuards.SmallGain(weight.Content, BitPlane.ByteCount((int)count, options.Bits) + sizeof(float) * entries) is null;
    }

    private PaletteFinding? Refuse(WeightCandidate weight, PassContext context)
    {
        // A tied table is what its products take for a weight, not what turns it round.
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        return WeightGuards.Refusal(read, Selector, context.Opset(weight.Value.Graph)) is { } refusal ? new([], refusal) : null;
    }

    private PaletteFinding Find(WeightCandidate weight, ChannelGroups groups)
    {
        using var held = weight.Content.Hold();
        var search = new PaletteSearch(weight.Content, groups, options.Bits);
        return !search.IsFinite ? new([], null)
            : WeightGuards.SmallGain(weight.Content, search.PlainBytes()) is { } small ? new([], small)
            : new(search.Find(options.PerChannelScale), null);
    }

    /// <returns>Why the weight stays as it is, or null.</returns>
    private static string? Write(WeightCandidate weight, PaletteFinding found, int sharers, PaletteWriter writer, PassContext context)
    {
        if (found is ([], null))
            return WeightGuards.NotFinite(weight, context);
        var refusal = found.Refusal;
        foreach (var palette in found.Palettes)
        {
            var bytes = palette.ByteCount + writer.TableShare(weight, palette.Bits, sharers);
            if ((refusal = WeightGuards.SmallGain(weight.Content, bytes)) is not null)
                continue;
            var form = Form(palette);
            if (!context.Rewriting($"store weight as {form}", weight.Value))
                return null;
            var written = writer.Write(weight, palette);
            weight.Value.RemoveIfUnused();
            context.Compressed(weight.Name, weight.Content, written, form);
            return null;
        }
        return refusal;
    }

    private ChannelGroups Groups(WeightCandidate weight)
    {
        if (weight.Uses.FirstOrDefault(WeightSlots.IsWeight) is not { } slot)
            return new(weight.Content, axis: 0, options.GroupSize);
        var (node, dimensions) = (slot.User, weight.Content.Dimensions);
        var blocks = node.Is("ConvTranspose") ? node.Attributes.GetInt("group", 1) : 1;
        return new(weight.Content, WeightSlots.ChannelAxis(slot, dimensions.Length), options.GroupSize,
            blocks > 1 && dimensions[0] % blocks == 0 ? (int)blocks : 1);
    }

    private static string Form(PalettizedWeight palette)
    {
        var tables = palette.Tables == 1 ? $"a table of {palette.LargestBook}" : $"{palette.Tables} tables of up to {palette.LargestBook}";
        var error = double.IsFinite(palette.Sqnr) ? string.Create(CultureInfo.InvariantCulture, $"{palette.Sqnr:f1} dB") : "exact";
        return $"{palette.Bits}-bit codes of {tables} values{(palette.Factors is null ? "" : " times a factor per channel")}, {error}";
    }
}

/// <summary>What came of looking for tables of a weight.</summary>
/// <param name="Palettes">The best first; none where it stays as it is.</param>
/// <param name="Refusal">Why it stays as it is; null also for a weight that is not finite.</param>
internal sealed record PaletteFinding(IReadOnlyList<PalettizedWeight> Palettes, string? Refusal);
