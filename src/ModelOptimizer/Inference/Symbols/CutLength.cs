using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>A length cut at a number, <c>min(64, n)</c>, as <c>table[:n]</c> has.</summary>
/// <param name="Limit">The number.</param>
/// <param name="Of">The length.</param>
internal readonly record struct CutLength(long Limit, string Of)
{
    private const string Opening = "min(";
    private const string Separator = ", ";

    /// <summary>
    /// What <c>min(64, n)</c> or <c>min(a + b, 64)</c> says: the number stands in front or behind, as texts are ordered. Null for all else,
    /// <c>min(a, b)</c> and <c>min(64, n) + 1</c> among it.
    /// </summary>
    public static CutLength? Parse(Dimension length)
    {
        if (length.Symbol is not { } text || !text.StartsWith(Opening, StringComparison.Ordinal) || text[^1] != ')')
            return null;
        var operands = text[Opening.Length..^1];
        var (first, last) = (operands.IndexOf(Separator, StringComparison.Ordinal), operands.LastIndexOf(Separator, StringComparison.Ordinal));
        if (first < 0)
            return null;
        return Read(operands[..first], operands[(first + Separator.Length)..]) ?? Read(operands[(last + Separator.Length)..], operands[..last]);
    }

    /// <summary>
    /// Whether one length is the other cut at one or more. Broadcast with each other they give the other in every run that succeeds: they are
    /// equal, or the cut one is 1, or the runtime refuses them.
    /// </summary>
    public static bool IsCut(Dimension cut, Dimension length) => IsCut(cut, length, least: 1);

    /// <summary>
    /// Whether one length is the other cut at two or more. Broadcast with each other they are equal in every run that succeeds: a cut length
    /// of 1 was 1 before. Cut at one, it may stretch to any length.
    /// </summary>
    public static bool IsEqualIfItFits(Dimension cut, Dimension length) => IsCut(cut, length, least: 2);

    private static bool IsCut(Dimension cut, Dimension length, long least) =>
        Parse(cut) is { } parsed && parsed.Limit >= least && !string.IsNullOrEmpty(length.Symbol) && parsed.Of == length.Symbol;

    private static CutLength? Read(string number, string length) =>
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && IsBalanced(length) ? new CutLength(limit, length) : null;

    /// <summary>Whether it is one operand rather than a piece of two.</summary>
    private static bool IsBalanced(string text)
    {
        var depth = 0;
        foreach (var letter in text)
        {
            depth += letter switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth < 0)
                return false;
        }
        return depth == 0;
    }
}
