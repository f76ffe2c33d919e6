using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>A length cut at a limit, <c>min(64, n)</c>, as <c>table[:n]</c> has.</summary>
internal static class CutLength
{
    /// <summary>
    /// Whether one length is the other cut at two or more. Where an operator brings the two together they are equal in every run that
    /// succeeds: beyond the limit they differ, and neither is 1.
    /// </summary>
    public static bool IsCut(Dimension cut, Dimension length)
    {
        if (cut.Symbol is not { } text || string.IsNullOrEmpty(length.Symbol) || !text.StartsWith("min(", StringComparison.Ordinal))
            return false;
        var (front, back) = ("min(" + length.Symbol + ", ", ", " + length.Symbol + ")");
        var limit = text.EndsWith(back, StringComparison.Ordinal) ? text["min(".Length..^back.Length]
            : text.StartsWith(front, StringComparison.Ordinal) ? text[front.Length..^1]
            : "";
        return long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 2;
    }
}
