using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Budgets;

/// <summary>What became of one limit.</summary>
/// <param name="Limit">The limit as the profile says it.</param>
/// <param name="Descriptor">The kind of diagnostic when it is broken.</param>
/// <param name="Message">A sentence with measured value and limit and, when it is broken, what could be tried.</param>
public sealed record BudgetVerdict(BudgetLimit Limit, DiagnosticDescriptor Descriptor, string Message)
{
    public bool Passed { get; init; }

    /// <summary>The candidate's value in the metric's unit; null when it was not measured.</summary>
    public double? Measured { get; init; }

    /// <summary>The tightest value that the limit allows; null when that is unknown.</summary>
    public double? Allowed { get; init; }

    /// <summary>Whether less than allowed is too little, and not more too much; null when that is unknown.</summary>
    public bool? IsFloor { get; init; }

    /// <summary>The diagnostic at the key of the profile; null when the limit holds.</summary>
    public Diagnostic? Diagnostic => Passed ? null : new Diagnostic(Descriptor, Message, Limit.Location) { Severity = Limit.Severity };
}
