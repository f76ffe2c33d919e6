using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// Calibration data in two parts, so that what one suggests is judged by samples that had no part in it: three quarters are learned from, a quarter,
/// spread evenly, judges. Of few samples both parts are all of them.
/// </summary>
internal sealed class SampleSplit
{
    /// <summary>Of fewer samples too little would be left on either side.</summary>
    public const int Fewest = 4;

    private readonly CalibrationData _data;
    private readonly OnnxModel _model;
    private readonly IReadOnlyList<long> _learning;
    private readonly IReadOnlyList<long> _judging;

    /// <exception cref="Diagnostics.DiagnosticException">The data is missing or does not fit the model.</exception>
    public SampleSplit(CalibrationData data, OnnxModel model)
    {
        (_data, _model) = (data, model);
        var count = data.CountSamples(model);
        IsHeldOut = count >= Fewest;
        var all = Enumerable.Range(0, checked((int)count)).Select(place => (long)place).ToList();
        _judging = IsHeldOut ? [.. EvenPick.Of(count, count / Fewest)] : all;
        _learning = IsHeldOut ? [.. all.Except(_judging)] : all;
        Learning = data.Only(_learning.ToHashSet());
    }

    /// <summary>Whether no sample is in both parts.</summary>
    public bool IsHeldOut { get; }

    /// <summary>The part that everything is learned from.</summary>
    public CalibrationData Learning { get; }

    /// <summary>Samples of the part that is learned from, as many at most.</summary>
    public IEnumerable<Sample> Deciding(int most) => Some(_learning, most);

    /// <summary>Samples of the part that judges, as many at most.</summary>
    public IEnumerable<Sample> Judging(int most) => Some(_judging, most);

    private IEnumerable<Sample> Some(IReadOnlyList<long> places, int most) =>
        _data.Only(EvenPick.Of(places.Count, most).Select(i => places[(int)i]).ToHashSet()).Samples(_model);
}
