using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>What the process says to the shell: one number per kind of mistake.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Internal = 1;
    public const int Usage = 2;
    public const int Profile = 3;
    public const int Model = 4;
    public const int Budget = 5;
    public const int Data = 6;
    public const int Files = 7;
    public const int Interrupted = 130;

    /// <summary>The number for an error, by the area its code names.</summary>
    public static int Of(DiagnosticDescriptor error) => error.Area switch
    {
        // A goal is a budget of one pass.
        _ when error == DiagnosticCatalog.AccuracyGoalMissed || error == DiagnosticCatalog.SizeBudgetMissed => Budget,
        _ when error == DiagnosticCatalog.SizeBudgetConflict => Profile,
        1 or 8 => Profile,
        2 or 3 => Model,
        4 or 5 => Data,
        6 => Budget,
        7 => Files,
        _ => Internal,
    };
}
