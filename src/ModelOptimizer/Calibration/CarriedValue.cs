using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>In what form a value leaves the bodies around it.</summary>
internal enum CarriedForm
{
    /// <summary>As it is; nothing at all when the branch was not taken.</summary>
    Whole,

    /// <summary>Stacked along a new first axis, a step for each iteration.</summary>
    Stacked,

    /// <summary>Three numbers: minus the smallest, the largest, and 1 when some element was not finite.</summary>
    Extremes,
}

/// <summary>A value of the main graph that shows one that was wanted.</summary>
/// <param name="Value">The value of the main graph.</param>
/// <param name="Form">How it shows the wanted one.</param>
internal readonly record struct CarriedValue(Value Value, CarriedForm Form)
{
    /// <summary>Shows tensors of the wanted value's own shape, one for each time that it was computed.</summary>
    public void Show(Tensor tensor, Action<Tensor> show, Action<ValueRange, long> showExtremes)
    {
        if (Form == CarriedForm.Extremes)
        {
            var summary = tensor.AsSpan<float>();
            showExtremes(new ValueRange(-summary[0], summary[1]), summary[2] > 0 ? 1 : 0);
        }
        else if (Form == CarriedForm.Stacked)
            foreach (var step in Steps(tensor))
                show(step);
        else
            show(tensor);
    }

    private static IEnumerable<Tensor> Steps(Tensor tensor)
    {
        var dimensions = tensor.Dimensions[1..];
        var bytes = tensor.Dimensions[0] == 0 ? 0 : (int)(tensor.ByteCount / tensor.Dimensions[0]);
        for (var i = 0; bytes > 0 && i < tensor.Dimensions[0]; i++)
            yield return Tensor.Create(tensor.ElementType, dimensions.AsSpan(), tensor.Bytes.Slice(i * bytes, bytes).ToArray());
    }
}
