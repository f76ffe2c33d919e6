using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Mixed;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Pruning passes take as much as an accuracy goal allows.</summary>
public sealed class PruningGoalTests
{
    private static readonly SourceLocation s_line = new("p.yaml", 3, 5);

    [Test]
    public void Less_is_taken_where_all_would_break_the_goal()
    {
        var (report, diagnostics) = Optimize(new() { Ratio = new(0.9), MultipleOf = 1, Accuracy = Goal("sqnr", 15) });

        Assert.That(report.Metrics.Single(metric => metric.Metric == "sqnr").Result, Is.GreaterThanOrEqualTo(15));
        Assert.That(report.Rewrites.Count, Is.Positive);
        Assert.That(diagnostics.Single(one => one.Code == "MO3024").Message, Does.Match(@"prune-channels takes 'ratio: [0-9.]+%' instead of 'ratio: 90%', with which sqnr is"));
        var search = report.PruningSearches!.Single();
        Assert.That((search.Metric, search.Goal, search.Reached, search.Asked), Is.EqualTo(("sqnr", "at least 15.0 dB", true, "ratio: 90%")));
        Assert.That(search.Trials.Select(trial => trial.Amount).Take(3), Is.EqualTo(["ratio: 90%", "nothing", "ratio: 45%"]));
        Assert.That(search.Trials.Where(trial => trial.Holds).Select(trial => trial.Amount), Has.Member(search.Taken));
        Assert.That(search.Trials.Single(trial => trial.Amount == search.Taken).Value, Is.EqualTo(search.Result));
    }

    [Test]
    public void All_is_taken_where_the_goal_holds()
    {
        var (report, diagnostics) = Optimize(new() { Ratio = new(0.25), MultipleOf = 1, Accuracy = Goal("sqnr", -10) });

        Assert.That(report.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("take 12 of 48 neurons out of"));
        Assert.That(diagnostics.Select(one => one.Code), Has.None.EqualTo("MO3024"));
    }

    [Test]
    public void A_goal_out_of_reach_is_told_and_nothing_taken()
    {
        var labels = Enumerable.Range(0, 64).Select(i => (long)(i % PlantedModel.Width)).ToArray();
        var (report, diagnostics) = Optimize(new() { Accuracy = Goal("top-1", 0.99) }, ("labels", DataFolder.Longs("(64,)", labels)));

        Assert.That(diagnostics.Single(one => one.Code == "MO4060").Message, Does.Contain("even with nothing taken by prune-channels"));
        Assert.That(report.Accepted, Is.False);
        Assert.That(report.Rewrites, Is.Empty);
        Assert.That(report.PruningSearches!.Single(), Has.Property("Reached").False.And.Property("Taken").EqualTo("nothing"));
    }

    [Test]
    public void The_report_tells_what_each_step_cost()
    {
        var report = Run([new("prune-channels", new PruneOptions { Ratio = new(0.5) }, s_line), new("quantize-weights", null, s_line)]).Report;
        var steps = report.Steps!;
        double Sqnr(int step) => steps[step].Metrics.Single(metric => metric.Metric == "sqnr").Result;

        Assert.That(steps.Select(step => (step.Pass, step.BeforeRecovery)),
            Is.EqualTo([("", false), ("prune-channels", true), ("prune-channels", false), ("quantize-weights", false)]));
        Assert.That(Sqnr(1), Is.LessThan(Sqnr(2)));
        Assert.That(Sqnr(3), Is.EqualTo(report.Metrics.Single(metric => metric.Metric == "sqnr").Result).And.Not.EqualTo(Sqnr(2)));
        Assert.That(steps[1].Parameters, Is.LessThan(0.6 * steps[0].Parameters));
        Assert.That(steps[2].Flops, Is.EqualTo(steps[1].Flops).And.LessThan(0.6 * steps[0].Flops!));
        Assert.That(steps[3].Bytes, Is.LessThan(0.5 * steps[2].Bytes));
    }

    [Test]
    public void What_does_not_prune_costs_no_measuring_of_steps() =>
        Assert.That(Run([new("quantize-weights", null, s_line), new("quantize-dynamic", null, s_line)]).Report.Steps, Is.Null);

    private static AccuracyGoal Goal(string metric, double least) => new(new BudgetLimit(metric, s_line) { Min = least }) { Location = s_line };

    private static (OptimizationReport Report, IReadOnlyList<Diagnostic> Diagnostics) Optimize(PruneOptions options, params (string Array, byte[] Npy)[] more) =>
        Run([new("prune-channels", options, s_line)], more);

    private static (OptimizationReport Report, IReadOnlyList<Diagnostic> Diagnostics) Run(PassSettings[] passes, params (string Array, byte[] Npy)[] more)
    {
        using var folder = new DataFolder();
        ModelWriter.Save(PlantedModel.Chain(3, []), folder["model.onnx"]);
        var data = folder.WriteNpz("data.npz", [("x", PlantedModel.Rows(64)), .. more]);
        var profile = new OptimizationProfile
        {
            Passes = passes,
            Evaluate = new EvaluateSettings { Data = [data], Location = s_line },
            Calibration = new CalibrationSettings { Data = [data] },
        };
        var diagnostics = new DiagnosticBag();
        var result = new Optimizer(PassContexts.Engine, diagnostics).Run(new OptimizationRequest(folder["model.onnx"], profile, folder["out/model.onnx"]));
        return (result.Report, diagnostics.Diagnostics);
    }
}
