using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// A BatchNormalization whose mean and variance follow what became of its input on calibration data, so that each channel comes as near as it can to
/// what the original made there (least squares):
/// <code>
/// √(variance + ε) ← scale·Var[x] / Cov[x, y],  mean ← E[x] − (E[y] − bias)·√(variance + ε) / scale
/// </code>
/// A channel keeps what it has where that is nearer on samples that had no part in this.
/// </summary>
/// <param name="Node">The node, with constant statistics.</param>
internal sealed record RefitStatistics(Node Node) : IRefit
{
    private const int Scale = 1;
    private const int Bias = 2;
    private const int Mean = 3;
    private const int Variance = 4;

    /// <summary>Rows that statistics follow from.</summary>
    private const int Rows = 8192;

    /// <summary>Spreads change by no more than this factor: a channel that hardly varies tells little.</summary>
    private const double MostChange = 3;

    private int Channels => (int)Node.Input(Mean)!.Constant!.Dimensions[0];

    public int TargetAxis => 1;

    public int PlacesOfChannel => 1;

    public int Inputs => 0;

    /// <returns>Null for other nodes, and for one whose numbers are not constant.</returns>
    public static RefitStatistics? Of(Node node) => node.Is("BatchNormalization") && node.Graph is { Owner: null, IsFunction: false }
        && node.Outputs.Count == 1 && node.Attributes.GetInt("training_mode", 0) == 0
        && new[] { Scale, Bias, Mean, Variance }.All(slot => node.Input(slot)?.Constant is { ElementType: DataType.Float }) ? new(node) : null;

    public RowView Input(long samples) => new(Node.Input(0)!, new ChannelRows(), Channels, RefitLayer.OfSample(Rows, samples));

    public RowView Target(long samples) => new(Node.Output(), new ChannelRows(), Channels, RefitLayer.OfSample(Rows, samples));

    public RowView? Skip(long samples) => null;

    public string? Fit(RefitRows rows, OnnxModel model, FloatBuffers buffers, Func<string, bool> announce)
    {
        var (scales, biases) = (Numbers(Scale), Numbers(Bias));
        var (means, variances) = (Numbers(Mean), Numbers(Variance));
        if (rows.InputWidth != means.Length || rows.TargetWidth != means.Length)
            return RefitRows.Others;
        var epsilon = Node.Attributes.GetFloat("epsilon", 1e-5f);
        var (before, left) = (0.0, 0.0);
        for (var channel = 0; channel < means.Length; channel++)
        {
            var now = new ChannelNorm(scales[channel], biases[channel], means[channel], variances[channel], epsilon);
            var fitted = now.Fitted(new Moments(rows, channel));
            var (old, missed) = (Missed(rows, channel, now), Missed(rows, channel, fitted));
            before += old;
            left += Math.Min(old, missed);
            if (missed < old)
                (means[channel], variances[channel]) = (fitted.Mean, fitted.Variance);
        }
        if (left >= before)
            return before == 0 ? LayerRefit.Unchanged : "no other mean and variance bring its outputs closer on samples that had no part in it";
        if (!announce("bring mean and variance up to what is left, of"))
            return null;
        Set(Mean, means, model);
        Set(Variance, variances, model);
        return null;
    }

    private float[] Numbers(int slot) => Node.Input(slot)!.Constant!.AsSpan<float>().ToArray();

    /// <summary>Squares that a channel misses by on the rows that judge.</summary>
    private static double Missed(RefitRows rows, int channel, ChannelNorm norm)
    {
        var (sum, channels) = (0.0, rows.TargetWidth);
        for (var row = rows.Deciding; row < rows.Count; row++)
            sum += Math.Pow(rows.Targets[row * channels + channel] - norm.Of(rows.Inputs[row * channels + channel]), 2);
        return sum;
    }

    private void Set(int slot, float[] numbers, OnnxModel model)
    {
        var old = Node.Input(slot)!;
        Node.SetInput(slot, model.AddConstant(old.Graph, old.Name, Tensor.Create([numbers.Length], numbers)));
        old.RemoveIfUnused();
    }

    /// <summary>One channel.</summary>
    private sealed record ChannelNorm(float Scale, float Bias, float Mean, float Variance, float Epsilon)
    {
        public double Of(double x) => (x - Mean) / Math.Sqrt((double)Variance + Epsilon) * Scale + Bias;

        public ChannelNorm Fitted(Moments moments)
        {
            if (Scale == 0)
                return this;
            var old = Math.Sqrt((double)Variance + Epsilon);
            // Against the scale's sign nothing is to be had.
            var spread = Scale * moments.Covariance > 0
                ? Math.Clamp(Scale * moments.Variance / moments.Covariance, old / MostChange, old * MostChange)
                : old;
            var variance = (float)Math.Max(0, spread * spread - Epsilon);
            var mean = moments.MeanRead - (moments.MeanMade - Bias) * Math.Sqrt((double)variance + Epsilon) / Scale;
            return this with { Variance = variance, Mean = (float)mean };
        }
    }

    /// <summary>Of a channel in the rows that decide.</summary>
    private sealed record Moments
    {
        public Moments(RefitRows rows, int channel)
        {
            var channels = rows.TargetWidth;
            for (var row = 0; row < rows.Deciding; row++)
            {
                MeanRead += rows.Inputs[row * channels + channel] / (double)rows.Deciding;
                MeanMade += rows.Targets[row * channels + channel] / (double)rows.Deciding;
            }
            for (var row = 0; row < rows.Deciding; row++)
            {
                var (x, y) = (rows.Inputs[row * channels + channel] - MeanRead, rows.Targets[row * channels + channel] - MeanMade);
                (Variance, Covariance) = (Variance + x * x / rows.Deciding, Covariance + x * y / rows.Deciding);
            }
        }

        public double MeanRead { get; }

        public double MeanMade { get; }

        /// <summary>Of what is read.</summary>
        public double Variance { get; }

        public double Covariance { get; }
    }
}
