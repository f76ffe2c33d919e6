using System.Text.RegularExpressions;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>Takes the runtime's source paths and C++ signatures out of its messages and leaves the reason.</summary>
internal static partial class RuntimeMessage
{
    private static readonly string[] s_gaps =
    [
        "No Op registered for",
        "is not a registered function/op",
        "Could not find an implementation for",
        "is under development and support for this is limited",
    ];

    public static string Clean(string message) =>
        SourcePath().Replace(Prefix().Replace(message, ""), "").ReplaceLineEndings(" ").Trim();

    /// <summary>True when the runtime lacks an operator or operator set; it has no error code of its own for that.</summary>
    public static bool TellsOfGap(string message) =>
        s_gaps.Any(gap => message.Contains(gap, StringComparison.Ordinal));

    [GeneratedRegex(@"^\[ErrorCode:\w+\]\s*")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"(/[\w.\-/]+|[A-Za-z]:\\[\w.\-\\]+)\.(cc|h|hpp|cpp):\d+\s+(.*?\)\s*)?")]
    private static partial Regex SourcePath();
}
