using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>What becomes of a picture on its way into a model: the settings, completed by what the model's input says.</summary>
/// <param name="Input">The one input.</param>
/// <param name="Size">What pictures are resized to; null leaves them as they are.</param>
/// <param name="Mean">By channel.</param>
/// <param name="Std">By channel.</param>
internal sealed record ImageForm(NamedType Input, ImageSize? Size, ImageResize Resize, float Fill, ImageChannels Channels, ImageLayout Layout,
    float DivideBy, IReadOnlyList<float> Mean, IReadOnlyList<float> Std)
{
    public int ChannelCount => Channels == ImageChannels.Gray ? 1 : 3;

    public DataType ElementType => Input.Type!.ElementType;

    /// <summary>False where the input takes a single picture without an axis for several.</summary>
    public bool HasBatch => Input.Type!.Shape!.Rank == 4;

    /// <summary>How many pictures the input wants at a time; null leaves it open.</summary>
    public long? FixedBatch => HasBatch ? Input.Type!.Shape![0].Value : 1;

    /// <exception cref="DiagnosticException">The model has no input that pictures fit, or the settings don't fit it; it carries every reason found.</exception>
    public static ImageForm For(DataSettings settings, DataRequest request)
    {
        if (request.Inputs is not [{ Type: { Shape.Rank: 3 or 4 } type } input])
            throw Misfit(settings, $"Pictures fit a model with one input of rank 4 or 3, but this one takes {string.Join(", ", request.Inputs.Select(one => $"{one.Name}: {one.Type}"))}; give arrays under 'data:'");
        var axes = type.Shape!.Dimensions[(type.Shape.Rank - 3)..];
        var layout = settings.Layout ?? LayoutOf([.. axes])
            ?? throw Misfit(settings, $"Where the channels stand in input '{input.Name}' {type.Shape} is unclear; say 'layout: nchw' or 'layout: nhwc'");
        var (channels, height, width) = layout == ImageLayout.Nchw ? (axes[0], axes[1], axes[2]) : (axes[2], axes[0], axes[1]);
        var form = new ImageForm(input, settings.Size ?? Fixed(width, height), settings.Resize, (float)settings.Fill,
            settings.Channels ?? (channels.Value == 1 ? ImageChannels.Gray : ImageChannels.Rgb), layout, (float)settings.DivideBy, [], []);
        var problems = form.Problems(settings, channels.Value, width.Value, height.Value).ToList();
        if (problems.Count > 0)
            throw Misfit(settings, [.. problems]);
        return form with { Mean = form.ByChannel(settings.Mean, 0), Std = form.ByChannel(settings.Std, 1) };
    }

    private static ImageLayout? LayoutOf(Dimension[] axes) => (axes[0].Value, axes[2].Value) switch
    {
        (1 or 3, not (1 or 3)) => ImageLayout.Nchw,
        (not (1 or 3), 1 or 3) => ImageLayout.Nhwc,
        _ => null,
    };

    private static ImageSize? Fixed(Dimension width, Dimension height) =>
        (width.Value, height.Value) is ({ } w and <= ImageSize.Largest, { } h and <= ImageSize.Largest) ? new((int)w, (int)h) : null;

    private IEnumerable<string> Problems(DataSettings settings, long? channels, long? width, long? height)
    {
        if (ElementType is not (DataType.Float or DataType.Float16 or DataType.UInt8))
            yield return $"Input '{Input.Name}' takes {ElementType.ToOnnxName()}; pictures become float, float16 or uint8";
        if (ElementType == DataType.UInt8 && (settings.Mean.Count + settings.Std.Count > 0 || DivideBy is not (1 or 255)))
            yield return $"Input '{Input.Name}' takes uint8, the pixels as they are: 'mean', 'std' and 'divide-by' don't apply";
        if (channels is { } wanted && wanted != ChannelCount)
            yield return $"Input '{Input.Name}' takes {wanted} channels, but 'channels' gives {ChannelCount}";
        if (Size is { } size && ((width ?? size.Width) != size.Width || (height ?? size.Height) != size.Height))
            yield return $"Input '{Input.Name}' is {Input.Type!.Shape}, but 'size' gives {size} (width x height)";
        foreach (var (name, numbers) in new[] { ("mean", settings.Mean), ("std", settings.Std) })
            if (numbers.Count > 1 && numbers.Count != ChannelCount)
                yield return $"'{name}' has {numbers.Count} numbers for {ChannelCount} channel{(ChannelCount == 1 ? "" : "s")}";
    }

    private float[] ByChannel(IReadOnlyList<double> numbers, float otherwise) =>
        [.. Enumerable.Range(0, ChannelCount).Select(channel => numbers.Count switch { 0 => otherwise, 1 => (float)numbers[0], _ => (float)numbers[channel] })];

    private static DiagnosticException Misfit(DataSettings settings, params IEnumerable<string> problems) =>
        new([.. problems.Select(problem => new Diagnostic(DiagnosticCatalog.ImagesMismatch, problem, settings.Location))]);
}
