using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What calibration data shows of the shifts of layers, round by round. Kept with the ranges, by the model as it is when this is made: a build without
/// the data then corrects the same.
/// </summary>
/// <param name="samples">How many samples are looked at.</param>
/// <param name="isKept">False for what a pass learns that needs the data in any case.</param>
/// <param name="changes">What became of the model since, where that is not known from it.</param>
internal sealed class LearnedShifts(
    CalibrationData data, OnnxModel model, int samples = LearnedShifts.Enough, bool isKept = true, string changes = "")
{
    /// <summary>Samples whose mean outputs tell what rounding shifts: each has many rows or places.</summary>
    public const int Enough = 32;

    private readonly RangesSection[] _sections =
        [.. Enumerable.Range(1, BiasCorrection.Rounds).Select(round => data.SectionOf(model, $"shifts of round {round}", isKept, changes))];

    /// <param name="round">From 0 on.</param>
    /// <param name="probe">A copy of the model that computes the shifts.</param>
    /// <param name="shifts">These, each with the axis of its channels and the name of its layer.</param>
    /// <exception cref="Diagnostics.DiagnosticException">The data is missing or does not fit, or the ranges file lacks a layer.</exception>
    public IReadOnlyDictionary<Value, ChannelMoments> Of(int round, OnnxModel probe, IReadOnlyDictionary<Value, (int Axis, string Name)> shifts) =>
        data.MomentsOfCopy(_sections[round], probe, shifts, samples);
}
