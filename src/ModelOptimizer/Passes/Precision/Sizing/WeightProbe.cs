using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// What the choices of one weight do to the outputs of a model. Two of them, a middle one and the coarsest, are measured with all else
/// in floats, and where both make outputs infinite, finer ones until one does not; between them the noise follows what happens where the weight is,
/// on a straight line of logarithms, and beyond them in proportion. Noise of several weights adds up nearly linearly at the outputs (Zhou et al.,
/// "Adaptive Quantization for Deep Neural Network", AAAI 2018).
/// </summary>
/// <param name="model">The model before it is quantized.</param>
internal sealed class WeightProbe(OnnxModel model, OutputMeter meter)
{
    /// <summary>Bytes of weights that models measured side by side may hold together.</summary>
    private const long Ceiling = 1L << 30;

    private readonly int _sideBySide = SideBySide.Fitting(model, Ceiling);

    /// <returns>The choices with their errors at the outputs; null where outputs are finite with none of those that are measured.</returns>
    public IReadOnlyList<SizedChoice>? Measure(WeightCandidate weight, IReadOnlyList<SizedChoice> choices, WeightTrial trial)
    {
        var quantized = choices.Where(choice => choice.Local > 0).OrderBy(choice => choice.Local).ToList();
        if (quantized.Count == 0)
            return choices;
        var middle = quantized.Count / 2;
        var curve = Curve(weight, new[] { middle, quantized.Count - 1 }.Distinct().Select(i => quantized[i]), trial);
        while (middle > 0 && !curve.Exists(point => double.IsFinite(point.Noise)))
            curve.InsertRange(0, Curve(weight, [quantized[middle /= 2]], trial));
        var finite = curve.FindAll(point => double.IsFinite(point.Noise));
        return finite.Count == 0 ? null : [.. choices.Select(choice => choice with
        {
            Error = At(curve, choice.Local),
            IsUnproven = finite.Count < curve.Count && choice.Local > finite.Max(point => point.Local),
        })];
    }

    /// <summary>
    /// Proportional to the local error beyond the ends and where nothing arrived at the outputs. A choice that was measured to make outputs infinite
    /// is never taken, but tells nothing of others.
    /// </summary>
    /// <param name="measured">What arrived at the outputs of some choices, by rising local error; of one at least a finite number.</param>
    internal static double At(List<(double Local, double Noise)> measured, double local)
    {
        if (local == 0)
            return 0;
        var curve = measured.FindAll(point => double.IsFinite(point.Noise));
        if (measured.Exists(point => point.Local == local) && !curve.Exists(point => point.Local == local))
            return double.PositiveInfinity;
        var next = curve.TakeWhile(point => point.Local < local).Count();
        if (next == 0 || next == curve.Count)
        {
            var end = curve[Math.Min(next, curve.Count - 1)];
            return end.Noise * (local / end.Local);
        }
        var (from, to) = (curve[next - 1], curve[next]);
        var along = Math.Log(local / from.Local) / Math.Log(to.Local / from.Local);
        return from.Noise > 0 && to.Noise > 0
            ? from.Noise * Math.Pow(to.Noise / from.Noise, along)
            : from.Noise + (to.Noise - from.Noise) * (local - from.Local) / (to.Local - from.Local);
    }

    /// <returns>What arrives at the outputs of each of some choices, in their order.</returns>
    private List<(double Local, double Noise)> Curve(WeightCandidate weight, IEnumerable<SizedChoice> probes, WeightTrial trial)
    {
        var curve = new List<(double Local, double Noise)>();
        foreach (var group in probes.Chunk(_sideBySide))
        {
            var (models, noise) = (group.Select(choice => With(weight, trial.Rounded(choice))).ToList(), new double[group.Length]);
            SideBySide.For(group.Length, i => noise[i] = meter.Measure(models[i], meter.Deciding));
            curve.AddRange(group.Zip(noise, (choice, measured) => (choice.Local, measured)));
        }
        return curve;
    }

    private OnnxModel With(WeightCandidate weight, Tensor rounded)
    {
        var copy = new ModelCopy(model);
        var value = (Value)copy.CopyOf(weight.Value);
        HalfWeights.Prepare(weight with { Value = value, Uses = [.. value.Uses] });
        value.ReplaceAllUsesWith(copy.Model.AddConstant(value.Graph, weight.Name, rounded));
        value.RemoveIfUnused();
        return copy.Model;
    }
}
