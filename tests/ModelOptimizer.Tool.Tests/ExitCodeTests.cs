using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool.Tests;

/// <summary>Errors of passes that are budgets, or mistakes in the profile, exit as these do.</summary>
public sealed class ExitCodeTests
{
    private static IEnumerable<TestCaseData> Errors() =>
    [
        new(DiagnosticCatalog.SizeBudget, ExitCode.Budget),
        new(DiagnosticCatalog.SizeBudgetMissed, ExitCode.Budget),
        new(DiagnosticCatalog.AccuracyGoalMissed, ExitCode.Budget),
        new(DiagnosticCatalog.SizeBudgetConflict, ExitCode.Profile),
    ];

    [TestCaseSource(nameof(Errors))]
    public void The_number_says_whose_mistake_it_is(DiagnosticDescriptor error, int number) => Assert.That(ExitCode.Of(error), Is.EqualTo(number));
}
