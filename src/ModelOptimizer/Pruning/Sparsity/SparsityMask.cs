namespace ModelOptimizer.Pruning;

/// <summary>Tells which weights go by scores: those of the lowest.</summary>
internal static class SparsityMask
{
    /// <param name="scores">[rows, depth].</param>
    /// <param name="depth">Weights of a row.</param>
    /// <param name="byRow">Whether each row loses as many, and not only all together.</param>
    /// <returns>True for those that go.</returns>
    public static bool[] Of(float[] scores, int depth, SparsityPattern pattern, bool byRow)
    {
        var gone = new bool[scores.Length];
        if (pattern.Group is { } group)
            Cores.For(0, scores.Length / depth, row =>
            {
                for (var start = 0; start < depth; start += group)
                    Take(scores, row * depth + start, Math.Min(group, depth - start), pattern, gone);
            });
        else if (byRow)
            Cores.For(0, scores.Length / depth, row => Take(scores, row * depth, depth, pattern, gone));
        else
            Take(scores, 0, scores.Length, pattern, gone);
        return gone;
    }

    /// <summary>Of equal ones the first go.</summary>
    private static void Take(float[] scores, int start, int count, SparsityPattern pattern, bool[] gone)
    {
        var left = pattern.Gone(count);
        if (left == 0)
            return;
        var sorted = scores.AsSpan(start, count).ToArray();
        Array.Sort(sorted);
        var threshold = sorted[left - 1];
        foreach (var isTie in new[] { false, true })
            for (var i = start; i < start + count && left > 0; i++)
                if (isTie ? scores[i] == threshold : scores[i] < threshold)
                {
                    gone[i] = true;
                    left--;
                }
    }
}
