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
    private readonly string _changes;
    private readonly RangesSection _section;

    /// <param name="model">The model that is going to be quantized.</param>
    /// <param name="plan">What is going to become of it.</param>
    public StaticChoice(OnnxModel model, QdqPlan plan, QuantizeStaticOptions options, CalibrationData data)
    {
        ProductNames.Ensure(model);
        var copy = new ModelCopy(model);
        (_before, _data) = (copy.Model, data);
        _computing = [.. plan.Nodes.Select(node => (Node)copy.CopyOf(node.Node))];
        _changes = StaticPlanDigest.Of(plan, options);
        _section = data.SectionOf(model, "form", isKept: true, _changes);
    }

    /// <summary>Chooses, and writes.</summary>
    /// <param name="kernels">Codes of kernels that are not the nearest, with those that are.</param>
    /// <param name="context">Of the quantized model.</param>
    /// <exception cref="DiagnosticException">
    /// The ranges file has a choice that does not fit, or lacks what belongs to it, and there is no data.
    /// </exception>
    public void Make(IReadOnlyList<(Value Codes, Tensor Nearest)> kernels, PassContext context, SourceLocation? location)
    {
        var writer = new StaticFormWriter(_before, _computing, kernels, context);
        if (writer.Forms.Count == 1 || context.IsDone)
            return;
        var known = _data.ChoiceOf(_section, [.. writer.Forms.Select(form => form.Key)]);
        if (writer.Forms.FirstOrDefault(form => form.Key == known) is not { } chosen)
        {
            (chosen, var words) = Choose(writer, context);
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.FormsCompared, $"quantize-static {words}", location));
        }
        writer.Write(chosen, new LearnedShifts(_data, _before, changes: $"{_changes}-{chosen.Key}"));
    }

    private (StaticForm, string Words) Choose(StaticFormWriter writer, PassContext context)
    {
        if (StaticTrials.WhyNot(_before) is { } reason)
            return Unjudged(reason, isCertain: _data.HasSamples);
        if (_data.Glance(int.MaxValue) is not { } data)
            return Unjudged(
                "the ranges file is of a build that compared nothing. Add 'data:', and take the NAME.ranges.json beside that result", isCertain: false);
        try
        {
            var (trials, whyNone) = new StaticTrials(writer, _before, data).Measure(context);
            return whyNone is null ? Best(trials) : Unjudged(whyNone, isCertain: true);
        }
        catch (DiagnosticException e)
        {
            return Unjudged(e.Diagnostics[0].Message, isCertain: true);
        }
    }

    private (StaticForm, string Words) Best(IReadOnlyList<StaticTrial> trials)
    {
        if (StaticTrial.BestOf(trials) is not { } best)
            return Unjudged(
                "with each, an output is not finite, can't be computed, or is zero in the float model on all samples that judge", isCertain: false);
        _section.Choice = best.Form.Key;
        var compared = $"compared {trials.Count} forms of equal size and speed by the outputs on {best.Noise.Length} calibration samples";
        return (best.Form, best == trials[0]
            ? $"{compared}: none is better for certain than the first, which keeps {Kept(best)}"
            : $"{compared}, and takes that with {best.Form.Name}: it keeps {Kept(best)}, the first {Kept(trials[0])}");
    }

    /// <param name="isCertain">Whether other builds are to leave it at that, too.</param>
    private (StaticForm, string Words) Unjudged(string reason, bool isCertain)
    {
        _section.Choice = isCertain ? StaticForm.Plain.Key : null;
        return (StaticForm.Plain, $"leaves biases and kernels as they were first rounded, since no other form was compared: {reason}");
    }

    /// <summary>Of the worst output, as evaluations have it.</summary>
    private static string Kept(StaticTrial trial) => trial.Worst == 0 ? "everything"
        : double.IsFinite(trial.Worst) ? string.Create(CultureInfo.InvariantCulture, $"{-10 * Math.Log10(trial.Worst):0.#} dB (SQNR)")
        : "nothing";
}
