using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes the form of a quantized model that leaves the least noise at its outputs on calibration samples, of equals the earlier one, and the plain
/// one unless another beats it for certain. What was chosen, and what was learned for it, is kept with the ranges: a build without the data takes
/// the same.
/// </summary>
/// <remarks>
/// Some models magnify what layers lose, and by chance: of the six forms of ocr-rec for size, calibrated on 256 samples, the best keeps 15.4 dB and
/// the first 9.5; on 16 samples, spread or the first, another form is the best. Held-out samples agree with that order. They don't on ocr-cls, where
/// a few doubtful samples make all of the noise: hence the standard error.
/// </remarks>
internal sealed class StaticChoice
{
    private readonly OnnxModel _before;
    private readonly HashSet<Node> _computing;
    private readonly CalibrationData _data;
    private readonly RangesSection _section;
    private readonly LearnedShifts _shifts;

    /// <param name="model">The model that is going to be quantized.</param>
    /// <param name="nodes">Its nodes that are.</param>
    public StaticChoice(OnnxModel model, IEnumerable<StaticNode> nodes, CalibrationData data)
    {
        ProductNames.Ensure(model);
        var copy = new ModelCopy(model);
        (_before, _data) = (copy.Model, data);
        _computing = [.. nodes.Select(node => (Node)copy.CopyOf(node.Node))];
        _section = data.SectionOf(model, "form", isKept: true);
        _shifts = new LearnedShifts(data, model);
    }

    /// <summary>Chooses, and writes.</summary>
    /// <param name="kernels">Codes of kernels that are not the nearest, with those that are.</param>
    /// <param name="context">Of the quantized model.</param>
    /// <exception cref="DiagnosticException">The ranges file lacks what belongs to its choice, and there is no data.</exception>
    public void Make(IReadOnlyList<(Value Codes, Tensor Nearest)> kernels, PassContext context, SourceLocation? location)
    {
        var writer = new StaticFormWriter(_before, _computing, kernels, context);
        if (writer.Forms.Count == 1 || context.IsDone)
            return;
        var known = _data.ChoiceOf(_section);
        if (writer.Forms.FirstOrDefault(form => form.Name == known) is not { } chosen)
        {
            (chosen, var words) = Choose(writer, context);
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.FormsCompared, $"quantize-static {words}", location));
        }
        writer.Write(chosen, _shifts);
    }

    private (StaticForm, string Words) Choose(StaticFormWriter writer, PassContext context)
    {
        if (WhyNot() is { } reason)
            return (StaticForm.Plain, Unjudged(reason));
        try
        {
            var trials = new StaticTrials(writer, _before, _data.Glance(int.MaxValue)!, context);
            return trials.Samples < StaticTrials.FewestSamples
                ? (StaticForm.Plain,
                    Unjudged($"that takes {StaticTrials.FewestSamples} calibration samples at least, and there are {trials.Samples}"))
                : Best(trials.Measure());
        }
        catch (DiagnosticException e)
        {
            return (StaticForm.Plain, Unjudged(e.Diagnostics[0].Message));
        }
    }

    private (StaticForm, string Words) Best(IReadOnlyList<StaticTrial> trials)
    {
        var best = trials.Where(trial => trial.Beats(trials[0])).MinBy(trial => trial.Total) ?? trials[0];
        _section.Choice = best.Form.Name;
        _shifts.Take(best.Shifts, best.Form.Rounds);
        var compared = $"compared {trials.Count} forms of equal size and speed by the outputs on {best.Noise.Length} calibration samples";
        return (best.Form, best == trials[0]
            ? $"{compared}: none is better for certain than the first, which keeps {Kept(best)}"
            : $"{compared}, and takes that with {best.Form.Name}: it keeps {Kept(best)}, the first {Kept(trials[0])}");
    }

    private string? WhyNot() => _data.HasSamples
        ? StaticTrials.WhyNot(_before)
        : "the ranges file is of a build that compared nothing. Add 'data:', and take the NAME.ranges.json beside that result";

    private static string Unjudged(string reason) =>
        $"leaves biases and kernels as they were first rounded, since no other form was compared: {reason}";

    private static string Kept(StaticTrial trial) => trial.Total == 0 ? "everything"
        : string.Create(CultureInfo.InvariantCulture, $"{-10 * Math.Log10(trial.Total):0.#} dB (SQNR)");
}
