using System;
using System.Collections.Generic;

namespace ModelOptimizer.Tasks;

/// <summary>What a project makes of warnings, as for the compiler: all are errors, some are, some are not even warnings.</summary>
internal sealed class WarningPolicy(bool treatAsErrors, string? noWarn, string? asErrors, string? notAsErrors)
{
    private readonly HashSet<string> _noWarn = Codes(noWarn);
    private readonly HashSet<string> _asErrors = Codes(asErrors);
    private readonly HashSet<string> _notAsErrors = Codes(notAsErrors);

    public bool IsSilent(string? code) => code is not null && _noWarn.Contains(code);

    public bool IsError(string? code) =>
        code is not null && (_asErrors.Contains(code) || (treatAsErrors && !_notAsErrors.Contains(code) && !IsOfTheRun(code)));

    /// <summary>
    /// Whether it befell this run, of its disk, cache or network, and says nothing of the model: it is told once, and fails a build only where that
    /// asks for it by its code.
    /// </summary>
    public static bool IsOfTheRun(string? code) => code?.StartsWith("MO7", StringComparison.Ordinal) == true;

    private static HashSet<string> Codes(string? list) =>
        new((list ?? "").Split([';', ',', ' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries), StringComparer.OrdinalIgnoreCase);
}
