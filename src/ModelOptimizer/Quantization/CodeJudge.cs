using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>How far the products of a layer are off, by channel: eᵀ·XᵀX·e with the errors e of its weights and inputs X.</summary>
/// <param name="gram">XᵀX [depth, depth]; both triangles count.</param>
internal sealed class CodeJudge(WeightMatrix weight, float[] gram)
{
    private const int TileChannels = 64;

    /// <summary>The squared error of each channel, summed up over all rows of X.</summary>
    public double[] Errors(QuantizedWeight quantized)
    {
        var errors = new double[weight.Channels];
        using var held = weight.Hold();
        Cores.For(0, Cores.Parts(weight.Channels, TileChannels), tile =>
        {
            var (first, depth) = (tile * TileChannels, weight.Depth);
            var channels = Math.Min(TileChannels, weight.Channels - first);
            var missed = MatrixView.Of(Missed(quantized, first, channels), channels, depth);
            var products = missed with { Elements = new float[missed.Elements.Length] };
            MatrixProduct.Add(products, missed, MatrixView.Of(gram, depth, depth));
            for (var c = 0; c < missed.Rows; c++)
                errors[first + c] = Dot(missed.Row(c), products.Row(c));
        });
        return errors;
    }

    /// <summary>Lets a rounding take those channels of another one that are better.</summary>
    /// <param name="errors">The errors of the rounding, and afterwards of what became of it.</param>
    public void TakeBetter(QuantizedWeight quantized, double[] errors, QuantizedWeight other)
    {
        var others = Errors(other);
        foreach (var c in Enumerable.Range(0, weight.Channels).Where(c => others[c] < errors[c]))
        {
            quantized.TakeChannel(c, other);
            errors[c] = others[c];
        }
    }

    /// <summary>Summed up in the same order on all machines.</summary>
    internal static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var dot = default(DotProduct);
        dot.Add(left, right);
        return dot.Sum;
    }

    /// <summary>Rounded weights less the true ones.</summary>
    private float[] Missed(QuantizedWeight quantized, int channel, int channels)
    {
        var (missed, rounded) = (new float[channels * weight.Depth], new float[weight.Depth]);
        weight.Read(channel, channels, 0, weight.Depth, missed);
        for (var c = 0; c < channels; c++)
        {
            quantized.Restore(channel + c, rounded);
            var row = missed.AsSpan(c * weight.Depth, weight.Depth);
            TensorPrimitives.Subtract(rounded, row, row);
        }
        return missed;
    }
}
