using ModelOptimizer.Diagnosis;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>diagnose</c>. Figures are in dB; Infinity is no noise.</summary>
/// <param name="Values">Values that the original computes.</param>
/// <param name="Matched">Those compared, by what told that they belong together.</param>
/// <param name="OtherQuantities">Values of the candidate that bear an original's name and are none: a factor or bias was moved past them.</param>
/// <param name="InBodies">Those of <paramref name="Values"/> that lie in bodies of If, Loop and Scan.</param>
/// <param name="Uncompared">Values that were not compared, by reason.</param>
/// <param name="AreBig">Whether losses are above the threshold; else the largest is given alone.</param>
/// <param name="Losses">The first in order of execution first.</param>
/// <param name="Compared">In order of execution.</param>
internal sealed record DiagnosisOutcome(int SchemaVersion, int Samples, int Values, MatchCounts Matched, int OtherQuantities, int InBodies,
    IReadOnlyList<UncomparedValues> Uncompared, bool AreBig, IReadOnlyList<LossOutcome> Losses, IReadOnlyList<ValueOutcome> Compared)
{
    public static DiagnosisOutcome Of(ModelDiagnosis diagnosis) => new(1, diagnosis.Samples, diagnosis.Values, MatchCounts.Of(diagnosis),
        diagnosis.Others, diagnosis.InBodies, diagnosis.Uncompared, diagnosis.AreBig,
        [.. diagnosis.Losses.Select(loss =>
            new LossOutcome(loss.Value, loss.Node, Round(loss.SqnrBefore), Round(loss.SqnrAfter), Spell(loss.Cause), loss.Why, loss.Mend))],
        [.. diagnosis.Compared.Select(value => new ValueOutcome(value.Value, value.Node, value.Candidate, Spell(value.Match), Round(value.Sqnr),
            value.SqnrRounded is { } rounded ? Round(rounded) : null))]);

    private static double Round(double decibels) => Math.Round(decibels, 2);

    private static string Spell(Enum name) => PassNames.ToKebabCase(name.ToString());
}

internal sealed record MatchCounts(int ByName, int ByDerivedName, int ByPosition)
{
    public static MatchCounts Of(ModelDiagnosis diagnosis) =>
        new(Count(diagnosis, MatchKind.Name), Count(diagnosis, MatchKind.DerivedName), Count(diagnosis, MatchKind.Position));

    private static int Count(ModelDiagnosis diagnosis, MatchKind kind) => diagnosis.Compared.Count(value => value.Match == kind);
}

internal sealed record LossOutcome(string Value, string Node, double SqnrBefore, double SqnrAfter, string Cause, string Why,
    IReadOnlyList<string> Mend);

/// <param name="SqnrRounded">As quantized for its readers.</param>
internal sealed record ValueOutcome(string Value, string Node, string Candidate, string Match, double Sqnr, double? SqnrRounded);
