using System.ComponentModel;
using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores each weight as codes of 2 to 8 bits that find values in a table, chosen for the least squared error (k-means, exact). The runtime
/// makes floats of them once, when it loads the model, and computes as fast as before: for convolutions above all, which have no n-bit kernel.
/// <code>
/// Conv(x, w)  =>  Conv(x, Gather(table, Cast(codes)))
/// </code>
/// </summary>
[Description("Stores each weight as codes of 2 to 8 bits that find values in a table of its own (k-means). The runtime makes floats of them when it "
    + "loads the model: a smaller file at the original speed, for convolutions above all. Memory, and time to load, are those of floats and a "
    + "little more.")]
public sealed class Palettize(PalettizeOptions options) : ISelectivePass
{
    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var writer = new PaletteWriter(context);
        foreach (var weight in WeightCandidate.Find(model))
        {
            if (context.IsDone)
                return;
            if (Compress(weight, writer, context) is { } refusal)
                context.RefuseWeight(weight.Name, weight.Content, refusal);
        }
    }

    /// <returns>Why the weight stays as it is, or null.</returns>
    private string? Compress(WeightCandidate weight, PaletteWriter writer, PassContext context)
    {
        // A tied table is what its products take for a weight, not what turns it round.
        var read = TiedWeight.Of(weight)?.Weight ?? weight;
        if (WeightGuards.Refusal(read, Selector, context.Opset(weight.Value.Graph)) is { } refusal)
            return refusal;
        var groups = new ChannelGroups(weight.Content, ChannelAxis(weight), options.GroupSize);
        if (PalettizedWeight.Of(weight.Content, groups, options.Bits, options.PerChannelScale) is not { } palette)
            return WeightGuards.NotFinite(weight, context);
        if (WeightGuards.SmallGain(weight.Content, palette.ByteCount + writer.TableBytes(weight, palette.Bits)) is { } small)
            return small;
        var form = Form(palette);
        if (!context.Rewriting($"store weight as {form}", weight.Value))
            return null;
        var bytes = writer.Write(weight, palette);
        weight.Value.RemoveIfUnused();
        context.Compressed(weight.Name, weight.Content, bytes, form);
        return null;
    }

    private static int ChannelAxis(WeightCandidate weight) => weight.Uses.FirstOrDefault(WeightSlots.IsWeight) is { } slot
        ? WeightSlots.ChannelAxis(slot, weight.Content.Dimensions.Length)
        : 0;

    private static string Form(PalettizedWeight palette)
    {
        var tables = palette.Tables == 1 ? $"a table of {palette.LargestBook}" : $"{palette.Tables} tables of up to {palette.LargestBook}";
        var error = double.IsFinite(palette.Sqnr) ? string.Create(CultureInfo.InvariantCulture, $"{palette.Sqnr:f1} dB") : "exact";
        return $"{palette.Bits}-bit codes of {tables} values{(palette.Factors is null ? "" : " times a factor per channel")}, {error}";
    }
}
