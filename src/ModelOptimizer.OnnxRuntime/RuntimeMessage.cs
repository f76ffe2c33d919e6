using System.Text.RegularExpressions;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>Takes the runtime's source paths and C++ signatures out of its messages and leaves the reason.</summary>
internal static partial class RuntimeMessage
{
    public static string Clean(string message) =>
        SourcePath().Replace(Prefix().Replace(message, ""), "").ReplaceLineEndings(" ").Trim();

    [GeneratedRegex(@"^\[ErrorCode:\w+\]\s*")]
    private static partial Regex Prefix();

    [GeneratedRegex(@"(/[\w.\-/]+|[A-Za-z]:\\[\w.\-\\]+)\.(cc|h|hpp|cpp):\d+\s+(.*?\)\s*)?")]
    private static partial Regex SourcePath();
}
