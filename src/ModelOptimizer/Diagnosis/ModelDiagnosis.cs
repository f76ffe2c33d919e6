namespace ModelOptimizer.Diagnosis;

/// <summary>Where a candidate loses precision against its original, and why.</summary>
public sealed record ModelDiagnosis
{
    /// <summary>Samples that both models ran on.</summary>
    public required int Samples { get; init; }

    /// <summary>Values that the original computes in its main graph and in bodies of If, Loop and Scan.</summary>
    public required int Values { get; init; }

    /// <summary>Values of the candidate that bear an original's name and are another quantity: a factor or a bias was moved past them.</summary>
    public required int Others { get; init; }

    /// <summary>Those of <see cref="Values"/> that lie in bodies.</summary>
    public required int InBodies { get; init; }

    /// <summary>Those that were not compared, by reason.</summary>
    public required IReadOnlyList<UncomparedValues> Uncompared { get; init; }

    /// <summary>Those that something in the candidate stands for, in order of execution.</summary>
    public required IReadOnlyList<DiagnosedValue> Compared { get; init; }

    /// <summary>Big losses, the first in order of execution first. When none is big, the largest alone.</summary>
    public required IReadOnlyList<DiagnosedLoss> Losses { get; init; }

    /// <summary>Whether the losses are above the threshold.</summary>
    public required bool AreBig { get; init; }
}

/// <param name="Value">The value's name in the original.</param>
/// <param name="Node">The original's node that makes it, in words.</param>
/// <param name="Candidate">What stands for it.</param>
/// <param name="Sqnr">In dB, as computed; +∞ when equal, −∞ when not finite.</param>
/// <param name="SqnrRounded">In dB, as quantized for its readers; null when they read it as it is.</param>
public sealed record DiagnosedValue(string Value, string Node, string Candidate, MatchKind Match, double Sqnr, double? SqnrRounded);

/// <param name="Value">The value that lost, by its name in the original.</param>
/// <param name="Node">The original's node that makes it, in words.</param>
/// <param name="SqnrBefore">In dB, of the worst of what it is made of; +∞ when nothing was lost before.</param>
/// <param name="SqnrAfter">In dB.</param>
/// <param name="Why">The cause in words, with figures.</param>
/// <param name="Mend">Lines of a profile that would mend it, the best first.</param>
public sealed record DiagnosedLoss(string Value, string Node, double SqnrBefore, double SqnrAfter, LossCause Cause, string Why, IReadOnlyList<string> Mend);
