using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>Rounds the kernel of a convolution by what is known of its input.</summary>
/// <param name="moments">Of the input's channels; null where no data was seen.</param>
internal sealed class KernelRounding(ChannelMoments? moments)
{
    /// <param name="kernel">float32 [outputs, channels of a group, window…].</param>
    /// <param name="nearest">Its nearest codes, of 8 bits.</param>
    public AffineTensor Balance(Tensor kernel, AffineTensor nearest, AffineGrid grid) =>
        moments is not null && MomentRounding.Fits(kernel, nearest, moments)
        ? MomentRounding.Balance(kernel, nearest, grid, moments)
        : WindowRounding.Balance(kernel, nearest, grid);
}
