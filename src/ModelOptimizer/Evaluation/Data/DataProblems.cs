using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Reports all that does not fit at once.</summary>
internal static class DataProblems
{
    /// <exception cref="DiagnosticException">There is at least one problem.</exception>
    public static void Throw(string file, IReadOnlyCollection<string> problems, int line = 0)
    {
        if (problems.Count > 0)
            throw new DiagnosticException(
                [.. problems.Select(problem => new Diagnostic(DiagnosticCatalog.DataMismatch, problem, new SourceLocation(file, line)))]);
    }
}
