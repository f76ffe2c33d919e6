using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>
/// A BatchNormalization whose mean and variance follow what became of its input on calibration data, so that each channel it makes has the mean and the
/// variance that it had:
/// <code>
/// variance ← variance·r²,  mean ← E[now] − (E[before] − mean)·r,  r² = Var[now] / Var[before]
/// </code>
/// </summary>
/// <param name="Node">The node, with constant statistics.</param>
internal sealed record RefitStatistics(Node Node) : IRefit
{
    private const int Mean = 3;
    private const int Variance = 4;

    /// <summary>Variances change by no more than this factor: a channel that hardly varies tells little.</summary>
    private const double MostChange = 10;

    /// <returns>Null for other nodes, and for one whose statistics are not constant.</returns>
    public static RefitStatistics? Of(Node node) => node.Is("BatchNormalization") && node.Graph is { Owner: null, IsFunction: false }
        && node.Outputs.Count == 1 && node.Attributes.GetInt("training_mode", 0) == 0
        && node.Input(Mean)?.Constant is { ElementType: DataType.Float } && node.Input(Variance)?.Constant is { ElementType: DataType.Float } ? new(node) : null;

    /// <param name="before">Of the input in the original, all of whose channels it has.</param>
    /// <param name="kept">Which of them are left; null for all.</param>
    /// <param name="now">Of the input as it is now.</param>
    /// <param name="announce">Asked before the change; no means no change.</param>
    /// <returns>Why it stays as it is, or null.</returns>
    public string? Run(ChannelMoments before, IReadOnlyList<int>? kept, ChannelMoments now, OnnxModel model, Func<bool> announce)
    {
        var (means, variances) = (Node.Input(Mean)!.Constant!.AsSpan<float>().ToArray(), Node.Input(Variance)!.Constant!.AsSpan<float>().ToArray());
        var places = kept ?? [.. Enumerable.Range(0, means.Length)];
        if (now.Means.Length != means.Length || places.Count != means.Length || before.Means.Length <= places[^1])
            return "the calibration data shows no inputs of it";
        var isChanged = false;
        for (var channel = 0; channel < means.Length; channel++)
        {
            var (was, old) = (before.Means[places[channel]], Spread(before, places[channel]));
            isChanged |= now.Means[channel] != was || Spread(now, channel) != old;
            var change = old > 0 ? Math.Clamp(Spread(now, channel) / old, 1 / MostChange, MostChange) : 1;
            means[channel] = (float)(now.Means[channel] - (was - means[channel]) * Math.Sqrt(change));
            variances[channel] *= (float)change;
        }
        if (!isChanged)
            return "its inputs are what they were";
        if (!announce())
            return null;
        Set(Mean, means, model);
        Set(Variance, variances, model);
        return null;
    }

    private static double Spread(ChannelMoments moments, int channel) =>
        Math.Max(0, moments.Squares[channel] - (double)moments.Means[channel] * moments.Means[channel]);

    private void Set(int slot, float[] numbers, OnnxModel model)
    {
        var old = Node.Input(slot)!;
        Node.SetInput(slot, model.AddConstant(old.Graph, old.Name, Tensor.Create([numbers.Length], numbers)));
        old.RemoveIfUnused();
    }
}
