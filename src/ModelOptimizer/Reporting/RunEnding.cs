using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;

namespace ModelOptimizer.Reporting;

/// <summary>What a run found out, whoever did the work, before the budget of the day judges it.</summary>
/// <param name="Account">The report; what the ending adds is anything.</param>
internal sealed record RunFindings(OptimizationReport Account, Measurements Measured)
{
    /// <summary>All that was told but for the budget.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>False when a pass missed a goal or budget of its own, which was told.</summary>
    public bool MeetsGoals { get; init; } = true;

    /// <summary>The file of ranges to write; null when there is nothing to write.</summary>
    public byte[]? Ranges { get; init; }
}

/// <summary>The end of every run: judged and put into words when made, written when settled.</summary>
internal sealed class RunEnding
{
    private readonly RunFindings _found;
    private readonly OptimizationReport _report;
    private readonly ReportFiles _texts;

    /// <param name="request">With the budget of the day.</param>
    public RunEnding(OptimizationRequest request, RunFindings found)
    {
        _found = found;
        Verdicts = BudgetChecker.Check(request.Profile.Budget, found.Measured);
        var broken = new DiagnosticBag();
        var accepted = BudgetChecker.Judge(Verdicts, broken) && found.MeetsGoals;
        Broken = broken.Diagnostics;
        _report = found.Account with
        {
            Accepted = accepted,
            Profile = FileDigest.Of(request.Profile.Files),
            Metrics = ReportBuilder.Metrics(found.Measured),
            Budget = ReportBuilder.Budget(Verdicts),
            Diagnostics = ReportBuilder.Diagnostics([.. found.Diagnostics, .. Broken]),
        };
        _texts = new ReportFiles(_report);
    }

    public IReadOnlyList<BudgetVerdict> Verdicts { get; }

    /// <summary>What to tell of the budget.</summary>
    public IReadOnlyList<Diagnostic> Broken { get; }

    /// <summary>Puts the model in place or aside, and writes the rest beside it.</summary>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public OptimizationResult Settle(StagedModel staged, OutputFiles output)
    {
        FileProblems.Guard(output.Model, () => staged.Settle(_report.Accepted));
        _texts.Write(output);
        if (_found.Ranges is { } ranges)
            FileProblems.Guard(output.Ranges, () => WholeFile.Write(output.Ranges, ranges));
        return new OptimizationResult(_report, staged.Files[0], output.Report) { Found = _found };
    }
}
