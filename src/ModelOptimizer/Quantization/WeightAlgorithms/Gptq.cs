using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Chooses codes one input after the other, each so that it makes up for the errors of those before (GPTQ: Frantar et al., arXiv 2210.17323), in
/// the form of Babai's nearest plane (Chen et al., "The Geometry of LLM Quantization", arXiv 2507.18553), which needs one factor XᵀX = L·Lᵀ and no inverse:
/// <code>
/// code_j ← nearest(w_j + Σ_{k > j} (w_k − ŵ_k)·L_kj / L_jj),  j from the last input to the first
/// </code>
/// Unless asked not to, the inputs that matter most come last in the order, so that they are chosen first. Zeros stay zeros: pruned weights compress well.
/// </summary>
internal sealed class Gptq : ICodeChooser
{
    /// <summary>Inputs whose effects on all others are added together.</summary>
    private const int Block = 128;

    private const int TileChannels = 64;

    private readonly int _depth;

    /// <summary>The inputs in order.</summary>
    private readonly int[] _order;

    /// <summary>L_kj / L_jj below the diagonal.</summary>
    private readonly MatrixView _influence;

    private Gptq(int[] order, MatrixView influence) => (_depth, _order, _influence) = (order.Length, order, influence);

    /// <param name="gram">XᵀX [depth, depth] of the inputs; its upper triangle counts.</param>
    /// <returns>Null when floats can't factor the matrix.</returns>
    public static Gptq? Of(float[] gram, int depth, GptqSettings? settings = null)
    {
        var (damping, byImportance) = settings ?? GptqSettings.Default;
        var diagonal = Enumerable.Range(0, depth).Select(k => gram[k * depth + k]).ToArray();
        // From the last to the first.
        var order = byImportance
            ? Enumerable.Range(0, depth).OrderBy(k => diagonal[k]).ThenBy(k => k).ToArray()
            : [.. Enumerable.Range(0, depth).Reverse()];
        var matrix = MatrixView.Of(Permuted(gram, order, (float)damping * diagonal.Average()), depth, depth);
        if (!Cholesky.Factor(matrix))
            return null;
        for (var j = 0; j < depth; j++)
            for (var k = j + 1; k < depth; k++)
                matrix.Elements[k * depth + j] = matrix.Elements[j * depth + k] / matrix.Elements[j * depth + j];
        return new Gptq(order, matrix);
    }

    /// <summary>Gives the weights new codes on the scales that they have.</summary>
    public void Round(WeightMatrix weight, QuantizedWeight quantized)
    {
        using var held = weight.Hold();
        Cores.For(0, Cores.Parts(weight.Channels, TileChannels), tile =>
        {
            var channels = Math.Min(TileChannels, weight.Channels - tile * TileChannels);
            new Tile(this, weight, quantized, tile * TileChannels, channels).Round();
        });
    }

    private static float[] Permuted(float[] gram, int[] order, float damping)
    {
        var depth = order.Length;
        var permuted = new float[depth * depth];
        Cores.For(0, depth, i =>
        {
            for (var j = i; j < depth; j++)
                permuted[i * depth + j] = gram[Math.Min(order[i], order[j]) * depth + Math.Max(order[i], order[j])];
            // Also without any input seen the matrix stays positive definite.
            permuted[i * depth + i] += MathF.Max(damping, float.Epsilon);
        });
        return permuted;
    }

    /// <summary>Some channels, whose weights stand in the order of inputs.</summary>
    private sealed class Tile
    {
        private readonly Gptq _gptq;
        private readonly QuantizedWeight _quantized;
        private readonly int _channel;
        private readonly MatrixView _weights;
        private readonly MatrixView _targets;
        private readonly MatrixView _errors;

        public Tile(Gptq gptq, WeightMatrix weight, QuantizedWeight quantized, int channel, int channels)
        {
            (_gptq, _quantized, _channel) = (gptq, quantized, channel);
            var block = new float[channels * gptq._depth];
            weight.Read(channel, channels, 0, gptq._depth, block);
            _weights = MatrixView.Of(new float[block.Length], channels, gptq._depth);
            for (var c = 0; c < channels; c++)
                for (var k = 0; k < gptq._depth; k++)
                    _weights.Elements[c * gptq._depth + k] = block[c * gptq._depth + gptq._order[k]];
            _targets = _weights with { Elements = (float[])_weights.Elements.Clone() };
            _errors = MatrixView.Of(new float[channels * Block], channels, Block);
        }

        public void Round()
        {
            for (var start = (_gptq._depth - 1) / Block * Block; start >= 0; start -= Block)
            {
                var count = Math.Min(Block, _gptq._depth - start);
                for (var c = 0; c < _weights.Rows; c++)
                    RoundBlock(c, start, count);
                MatrixProduct.Add(
                    _targets.Slice(0, _weights.Rows, 0, start), _errors.Slice(0, _weights.Rows, 0, count), _gptq._influence.Slice(start, count, 0, start));
            }
        }

        private void RoundBlock(int c, int start, int count)
        {
            var targets = _targets.Row(c).Slice(start, count);
            var errors = _errors.Row(c);
            for (var j = count - 1; j >= 0; j--)
            {
                var rounded = Round(c, start + j, targets[j]);
                errors[j] = _weights.Row(c)[start + j] - rounded;
                TensorPrimitives.MultiplyAdd(
                    _gptq._influence.Row(start + j).Slice(start, j), errors[j], targets[..j], targets[..j]);
            }
        }

        private float Round(int c, int place, float target)
        {
            var (channel, k) = (_channel + c, _gptq._order[place]);
            var block = channel * _quantized.Blocks + k / _quantized.BlockSize;
            var (scale, zero) = (_quantized.Scales[block], _quantized.ZeroPoints[block]);
            // What was pruned stays out: others make up for it.
            var code = _weights.Row(c)[place] == 0 ? zero : Math.Clamp(MathF.Round(target / scale) + zero, 0, _quantized.Grid.MaxCode);
            _quantized.Codes[channel * _quantized.Depth + k] = (byte)code;
            return (code - zero) * scale;
        }
    }
}
