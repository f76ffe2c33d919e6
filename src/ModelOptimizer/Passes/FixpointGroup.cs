using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Passes that make work for each other: run in order, again and again, until none of them finds anything. Stops at a cap and names
/// those that undo each other's work; nothing relies on the end being reached.
/// </summary>
/// <param name="passes">The passes in order.</param>
/// <param name="maxRounds">The cap.</param>
public abstract class FixpointGroup(IReadOnlyList<IGraphPass> passes, int maxRounds = 16) : IGraphPass
{
    public IReadOnlyList<IGraphPass> Passes { get; } = passes;

    public NumericEffect Effect => Passes.Max(pass => pass.Effect);

    public void Run(OnnxModel model, PassContext context)
    {
        var settledAt = new Dictionary<IGraphPass, int>();
        for (var round = 1; round <= maxRounds; round++)
            if (!RunRound(context, round, settledAt) || context.IsDone)
                return;
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.FixpointCap, CapMessage(context)));
    }

    /// <param name="settledAt">How many rewrites there were when each pass last ran: a pass that nothing followed has nothing to do.</param>
    /// <returns>Whether anything changed.</returns>
    private bool RunRound(PassContext context, int round, Dictionary<IGraphPass, int> settledAt)
    {
        var isChanged = false;
        foreach (var pass in Passes)
        {
            if (settledAt.TryGetValue(pass, out var count) && count == context.Log.Rewrites.Count)
                continue;
            // What a pass says of the model as it is now replaces what it said before.
            context.Log.ForgetRefusals(pass.Name);
            isChanged |= PassRunner.Run(context, pass, ((IGraphPass)this).Name, round) > 0;
            settledAt[pass] = context.Log.Rewrites.Count;
        }
        return isChanged;
    }

    private string CapMessage(PassContext context)
    {
        var name = ((IGraphPass)this).Name;
        var busy = context.Log.Runs.Where(run => run.Group == name && run.Round == maxRounds && run.Rewrites > 0).Select(run => run.Pass).ToHashSet();
        return $"{name} still finds work after {maxRounds} rounds; the model is sound, but "
            + UndoneWork.Describe([.. Passes.Where(pass => busy.Contains(pass.Name)).DistinctBy(pass => pass.Name)], context);
    }
}
