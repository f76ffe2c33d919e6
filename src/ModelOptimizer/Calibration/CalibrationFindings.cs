using System.Globalization;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Calibration;

/// <summary>Tells what calibration met that a human should know, each kind once for all values.</summary>
internal static class CalibrationFindings
{
    /// <summary>With fewer samples any of them may well stand out.</summary>
    private const int FewestSamples = 8;

    /// <summary>A sample that reaches so many times as far as all others stretches a range of 8 bits to less than 5 for the others.</summary>
    private const float FarTimes = 8;

    /// <summary>No activation is so large: it is a mask or a mistake.</summary>
    private const float Absurd = 1e30f;

    /// <summary>Values named in a message.</summary>
    private const int Shown = 3;

    /// <param name="facts">Names of values and what was met in each.</param>
    public static void Report(IReadOnlyList<(string Name, ValueFacts Facts)> facts, int samples, IDiagnosticSink sink)
    {
        var undefined = facts.Where(fact => fact.Facts.NonFinite > 0).ToList();
        if (undefined.Count > 0)
            sink.Report(new Diagnostic(DiagnosticCatalog.NonFiniteValues,
                $"Values are infinite or undefined: {List(undefined, DescribeNonFinite)}. Their ranges are of the other elements. Look at these samples, or leave the nodes in float with 'exclude'",
                new SourceLocation(undefined[0].Facts.NonFiniteSample!.Value.Source)));
        var far = facts.Where(fact => IsFar(fact.Facts, samples)).OrderByDescending(fact => fact.Facts.Magnitude / fact.Facts.OtherMagnitude).ToList();
        if (far.Count > 0)
            sink.Report(new Diagnostic(DiagnosticCatalog.OutlierSample,
                $"Single samples stretch ranges: {List(far, DescribeFar)}. Drop them from the data if they are strange; 'calibrator: mse' or 'percentile' clips what is rare",
                new SourceLocation(far[0].Facts.FarthestSample.Source)));
    }

    /// <summary>Tells which values were not seen in full, and why.</summary>
    public static void Report(IReadOnlyList<(string Name, PartialView View)> views, IDiagnosticSink sink)
    {
        foreach (var group in views.GroupBy(view => (view.View.SawExtremes, view.View.Why)))
            sink.Report(new Diagnostic(DiagnosticCatalog.PartlyObserved, group.Key.SawExtremes
                ? $"The range of {List(group.ToList(), view => $"'{view.Name}'")} is min-max whatever the calibrator, because {group.Key.Why}"
                : $"Nothing can be learned about {List(group.ToList(), view => $"'{view.Name}'")}, because {group.Key.Why}"));
    }

    private static bool IsFar(ValueFacts facts, int samples) => facts.Magnitude >= Absurd
        || samples >= FewestSamples && facts.OtherMagnitude > 0 && facts.Magnitude > FarTimes * facts.OtherMagnitude;

    private static string DescribeNonFinite((string Name, ValueFacts Facts) fact) =>
        $"'{fact.Name}' (from sample {fact.Facts.NonFiniteSample!.Value.Index} in {Path.GetFileName(fact.Facts.NonFiniteSample.Value.Source)} on)";

    private static string DescribeFar((string Name, ValueFacts Facts) fact) => string.Create(CultureInfo.InvariantCulture,
        $"'{fact.Name}' reaches {fact.Facts.Magnitude:g4} in sample {fact.Facts.FarthestSample.Index} of {Path.GetFileName(fact.Facts.FarthestSample.Source)}, {fact.Facts.OtherMagnitude:g4} in all others");

    private static string List<T>(List<T> items, Func<T, string> describe) =>
        string.Join(", ", items.Take(Shown).Select(describe)) + (items.Count > Shown ? $" and {items.Count - Shown} more" : "");
}
