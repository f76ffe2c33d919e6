using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Budgets;

public sealed class BudgetCheckerTests
{
    private static readonly SourceLocation Here = new("model-opt.yaml", 12, 3);

    [TestCase("size", 100, 99, 100.0, true)]
    [TestCase("size", 100, 101, 100.0, false)]
    [TestCase("size-ratio", null, 0.30, 0.30, true)]
    [TestCase("size-ratio", null, 0.31, 0.30, false)]
    [TestCase("max-abs-error", null, 0.5, 0.4, false)]
    public void A_maximum_holds_up_to_itself(string metric, double? original, double result, double max, bool passed) =>
        Assert.That(Check(new(metric, Here) { Max = max }, metric, original, result).Passed, Is.EqualTo(passed));

    [TestCase(0.97, true)]
    [TestCase(0.969, false)]
    [TestCase(double.NaN, false)]
    public void A_minimum_holds_down_to_itself(double result, bool passed) =>
        Assert.That(Check(new("top-1", Here) { Min = 0.97 }, "top-1", 0.98, result).Passed, Is.EqualTo(passed));

    [Test]
    public void No_noise_at_all_holds_any_sqnr() =>
        Assert.That(Check(new("sqnr", Here) { Min = 30 }, "sqnr", null, double.PositiveInfinity).Passed);

    [TestCase(91.0 / 150, 79.0 / 150, 0.08, true, TestName = "A drop of exactly the limit is allowed, whatever the last bit says")]
    [TestCase(0.987, 0.985, 0.001, false, TestName = "A drop beyond the limit is not allowed")]
    [TestCase(0.5, 0.4975, 0.005, true, TestName = "A drop of rates counts in points, not relative to the original")]
    public void Drops_of_rates_are_percentage_points(double original, double result, double drop, bool passed) =>
        Assert.That(Check(new("top-1", Here) { MaxDrop = drop }, "top-1", original, result).Passed, Is.EqualTo(passed));

    [TestCase(10.1, true)]
    [TestCase(10.2, false)]
    public void Rises_are_relative(double result, bool passed) =>
        Assert.That(Check(new("perplexity", Here) { MaxRise = 0.01 }, "perplexity", 10, result).Passed, Is.EqualTo(passed));

    [TestCase("size", "MO6001")]
    [TestCase("compressed-size", "MO6001")]
    [TestCase("size-ratio", "MO6001")]
    [TestCase("max-abs-error", "MO6002")]
    [TestCase("perplexity", "MO6002")]
    [TestCase("latency-ratio", "MO6003")]
    public void A_broken_limit_is_a_diagnostic_at_its_key(string metric, string code)
    {
        var diagnostic = Check(new(metric, Here) { Max = 1, Severity = Severity.Warning }, metric, null, 2).Diagnostic!;

        Assert.That(diagnostic.Code, Is.EqualTo(code));
        Assert.That(diagnostic.Location, Is.EqualTo(Here));
        Assert.That(diagnostic.Severity, Is.EqualTo(Severity.Warning), "the limit's own severity wins");
    }

    [Test]
    public void The_message_says_measured_value_limit_and_what_to_try()
    {
        var verdict = Check(new("top-1", Here) { Min = 0.9, MaxDrop = 0.005 }, "top-1", 0.98, 0.93);

        Assert.That(verdict.Message, Does.StartWith("top-1 is 93%, but at most 0.5 points below the original's 98% is allowed. Try int8"));
        Assert.That(verdict.Message, Does.EndWith("raise max-drop"));
        Assert.That(verdict.Allowed, Is.EqualTo(0.975).Within(1e-12));
        Assert.That(Check(new("size", Here) { Max = 2 << 20 }, "size", 9 << 20, 3 << 20).Message,
            Does.StartWith("size is 3 MiB, but at most 2 MiB is allowed; the original itself has 9 MiB. Try int4"));
    }

    [Test]
    public void A_held_limit_says_by_how_much()
    {
        var verdict = Check(new("size-ratio", Here) { Max = 0.3 }, "size-ratio", null, 0.2612);

        Assert.That(verdict.Message, Is.EqualTo("size-ratio is 26.12%, at most 30% was allowed"));
        Assert.That(verdict.Diagnostic, Is.Null);
    }

    [TestCase("top-1", 0, "no data")]
    [TestCase("top-1", 10, "labels")]
    [TestCase("sqnr", 10, "no output")]
    [TestCase("latency-ratio", 10, "original")]
    public void A_limit_on_what_was_not_measured_is_an_error_that_says_what_is_missing(string metric, int samples, string reason)
    {
        var verdict = BudgetChecker.Check([new BudgetLimit(metric, Here) { Min = 0 }], new Measurements([]) { Samples = samples }).Single();

        Assert.That(verdict.Passed, Is.False);
        Assert.That(verdict.Diagnostic!.Code, Is.EqualTo("MO6004"));
        Assert.That(verdict.Message, Does.Contain(reason));
    }

    [Test]
    public void A_limit_relative_to_an_unknown_original_is_not_held() =>
        Assert.That(Check(new("top-1", Here) { MaxDrop = 1 }, "top-1", null, 1).Diagnostic!.Code, Is.EqualTo("MO6004"));

    private static BudgetVerdict Check(BudgetLimit limit, string metric, double? original, double result) =>
        BudgetChecker.Check([limit], new Measurements([new Measurement(MetricCatalog.Find(metric)!, original, result)]) { Samples = 1 }).Single();
}
