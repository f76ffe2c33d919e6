using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>Tries a pass on copies of a model, under selections of all kinds.</summary>
/// <param name="context">Of the model before the pass; it stays as it is.</param>
internal sealed class Trials(PassContext context, string pass, QuantizationOptions options)
{
    private readonly SharedRanges _ranges = new();

    /// <summary>Lets the pass take everything.</summary>
    /// <returns>What came of it, and what the pass took.</returns>
    public (OnnxModel Model, IReadOnlyList<Candidate> Candidates) TakeAll()
    {
        var (copy, recorder) = (new ModelCopy(context.Model), new SelectionRecorder());
        var log = Run(copy, recorder);
        return (copy.Model, Candidate.Find(context.Model, copy, recorder, log.Touched));
    }

    /// <summary>Lets the pass take everything but these.</summary>
    public OnnxModel TakeAllBut(IEnumerable<Candidate> reverted)
    {
        var copy = new ModelCopy(context.Model);
        Run(copy, new Reversion(Reasons(reverted.SelectMany(candidate => candidate.Items).Select(copy.CopyOf))));
        return copy.Model;
    }

    /// <summary>The pass itself, kept away from these on the real model.</summary>
    /// <param name="why">What is told of a candidate.</param>
    public IGraphPass Final(IEnumerable<Candidate> reverted, Func<Candidate, string> why)
    {
        var reasons = new Dictionary<object, string>(ReferenceEqualityComparer.Instance);
        foreach (var candidate in reverted)
            foreach (var item in candidate.Items)
                reasons[item] = why(candidate);
        return Create(new Reversion(reasons));
    }

    private RewriteLog Run(ModelCopy copy, ISelectionFilter filter)
    {
        var log = new RewriteLog();
        var calibration = context.Calibration?.With(_ranges.Of(copy));
        PassRunner.Run(new PassContext(copy.Model, log, context.Engine, new DiagnosticBag()) { Calibration = calibration }, Create(filter));
        return log;
    }

    private IGraphPass Create(ISelectionFilter filter) => PassRegistry.Create(pass, options with { Filter = filter });

    private static Dictionary<object, string> Reasons(IEnumerable<object> items) =>
        new(items.Distinct().Select(item => KeyValuePair.Create(item, "tried without")), ReferenceEqualityComparer.Instance);
}
