namespace ModelOptimizer.Passes;

/// <summary>
/// The largest magnitudes of a weight, kernel by kernel, under factors of its channels that change until they settle. What is added to an output
/// channel counts as a weight of an input that is always one: a factor that suits the weights must not blow up the bias.
/// </summary>
internal sealed class WeightRanges
{
    private readonly WeightLayout _layout;
    private readonly float[] _kernels;
    private readonly double[] _added;

    private readonly double[] _byOutput;
    private readonly double[] _byInput;

    public WeightRanges(WeightedNode node)
    {
        _layout = node.Layout;
        _kernels = Magnitudes(node.Content.AsSpan<float>(), _layout.Kernel);
        _added = new double[_layout.Outputs];
        _byOutput = Ones(_layout.Outputs);
        _byInput = Ones(_layout.Inputs);
    }

    /// <summary>Takes note of terms of the output channels.</summary>
    public void Add(double[] terms)
    {
        for (var channel = 0; channel < _added.Length; channel++)
            _added[channel] = Math.Max(_added[channel], Math.Abs(terms.At(channel)));
    }

    public void ScaleOutput(int channel, double factor) => _byOutput[channel] *= factor;

    public void ScaleInput(int channel, double factor) => _byInput[channel] *= factor;

    public double[] OfOutputs()
    {
        var ranges = (double[])_added.Clone();
        for (var i = 0; i < _kernels.Length; i++)
        {
            var (output, input) = _layout.Channels(i);
            ranges[output] = Math.Max(ranges[output], _kernels[i] * _byInput[input]);
        }
        return [.. ranges.Zip(_byOutput, (range, factor) => range * factor)];
    }

    public double[] OfInputs()
    {
        var ranges = new double[_layout.Inputs];
        for (var i = 0; i < _kernels.Length; i++)
        {
            var (output, input) = _layout.Channels(i);
            ranges[input] = Math.Max(ranges[input], _kernels[i] * _byOutput[output]);
        }
        return [.. ranges.Zip(_byInput, (range, factor) => range * factor)];
    }

    private static float[] Magnitudes(ReadOnlySpan<float> elements, int kernel)
    {
        var magnitudes = new float[elements.Length / kernel];
        for (var i = 0; i < elements.Length; i++)
            magnitudes[i / kernel] = MathF.Max(magnitudes[i / kernel], MathF.Abs(elements[i]));
        return magnitudes;
    }

    private static double[] Ones(int count)
    {
        var ones = new double[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
