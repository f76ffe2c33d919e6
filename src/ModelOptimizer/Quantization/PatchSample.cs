using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Some of the patches that a convolution multiplies by its weights, in the order of the weights: for each input channel the elements under the
/// kernel, zeros where it reaches over the edge.
/// </summary>
internal sealed class PatchSample(ConvolutionWindow window, int limit) : Calibration.IObserver<PatchSample>
{
    /// <summary>Places looked at in one picture, spread evenly.</summary>
    private const int Places = 128;

    private readonly RowSample _patches = new(limit);

    public bool IsOrderFree => true;

    public IReadOnlyList<float[]> Rows => _patches.Rows;

    /// <param name="value">float32 [batch, channels, spatial axes].</param>
    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementType != DataType.Float || value.ElementCount == 0 || value.Dimensions.Length != window.Kernel.Length + 2)
            return;
        var reader = new PatchReader(window, value);
        foreach (var place in EvenPick.Of(reader.Count, Places))
        {
            var patch = new float[reader.Width];
            reader.Read(place, patch);
            _patches.Add(patch);
        }
    }

    public void Merge(PatchSample later)
    {
        ArgumentNullException.ThrowIfNull(later);
        _patches.Merge(later._patches);
    }
}

/// <summary>How the kernel of a convolution moves over its input.</summary>
/// <param name="Kernel">Its length along each spatial axis.</param>
internal sealed record ConvolutionWindow(int[] Kernel, int[] Strides, int[] Dilations, int[] Begins, int[] Ends, string AutoPad)
{
    public static ConvolutionWindow Of(Node conv, Tensor weight)
    {
        var kernel = weight.Dimensions[2..].Select(length => (int)length).ToArray();
        var pads = Ints("pads", 2 * kernel.Length, 0);
        return new(kernel, Ints("strides", kernel.Length, 1), Ints("dilations", kernel.Length, 1), pads[..kernel.Length], pads[kernel.Length..],
            conv.Attributes.TryGetString("auto_pad") ?? "NOTSET");

        int[] Ints(string name, int count, int otherwise) =>
            conv.Attributes.TryGetInts(name) is { } given ? [.. given.Select(number => (int)number)] : [.. Enumerable.Repeat(otherwise, count)];
    }

    /// <summary>Zeros before the first element.</summary>
    public int Before(int axis, int length) => AutoPad switch
    {
        "SAME_UPPER" => Missing(axis, length) / 2,
        "SAME_LOWER" => (Missing(axis, length) + 1) / 2,
        "VALID" => 0,
        _ => Begins[axis],
    };

    /// <summary>How many places the kernel has along each axis.</summary>
    public int[] Places(int[] lengths) => [.. lengths.Select((length, axis) => Math.Max(0, AutoPad switch
    {
        "SAME_UPPER" or "SAME_LOWER" => (length + Strides[axis] - 1) / Strides[axis],
        "VALID" => (length - Reach(axis)) / Strides[axis] + 1,
        _ => (length + Begins[axis] + Ends[axis] - Reach(axis)) / Strides[axis] + 1,
    }))];

    /// <summary>Where the kernel begins along each axis at the place of a number, which runs through a batch; before the first element in padding.</summary>
    /// <returns>Which picture of the batch it is.</returns>
    public long Start(long number, int[] places, int[] lengths, out int[] start)
    {
        start = new int[places.Length];
        for (var axis = places.Length - 1; axis >= 0; axis--)
        {
            (number, var place) = Math.DivRem(number, places[axis]);
            start[axis] = (int)place * Strides[axis] - Before(axis, lengths[axis]);
        }
        return number;
    }

    /// <summary>Where the elements under the kernel lie in a channel; -1 over the edge.</summary>
    public int[] Offsets(int[] start, int[] lengths)
    {
        var offsets = new int[Kernel.Aggregate(1, (product, length) => product * length)];
        for (var i = 0; i < offsets.Length; i++)
        {
            var (rest, stride) = (i, 1);
            for (var axis = Kernel.Length - 1; axis >= 0 && offsets[i] >= 0; axis--)
            {
                (rest, var place) = Math.DivRem(rest, Kernel[axis]);
                var at = start[axis] + place * Dilations[axis];
                offsets[i] = at >= 0 && at < lengths[axis] ? offsets[i] + at * stride : -1;
                stride *= lengths[axis];
            }
        }
        return offsets;
    }

    private int Reach(int axis) => (Kernel[axis] - 1) * Dilations[axis] + 1;

    private int Missing(int axis, int length) => Math.Max(0, ((length + Strides[axis] - 1) / Strides[axis] - 1) * Strides[axis] + Reach(axis) - length);
}
