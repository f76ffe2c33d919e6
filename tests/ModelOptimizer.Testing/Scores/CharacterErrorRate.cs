using System.Text;

namespace ModelOptimizer.Testing.Scores;

/// <summary>
/// How much of a text recognizer's reading is wrong: edits that turn readings into the truth ÷ characters of the truth, over all texts. Readings are
/// greedy: the best class at each step, repetitions once, blanks (class 0) never (Graves et al., "Connectionist Temporal Classification", ICML 2006).
/// Spaces don't count: recognizers of Chinese leave them out.
/// </summary>
/// <param name="keys">What each class writes; the first is the blank.</param>
public sealed class CharacterErrorRate(IReadOnlyList<string> keys)
{
    private long _edits;
    private long _characters;

    public double Result => (double)_edits / _characters;

    /// <param name="scores">Steps after one another, each with a score for every key.</param>
    /// <param name="truth">What is written there.</param>
    public void Add(ReadOnlySpan<float> scores, string truth)
    {
        ArgumentNullException.ThrowIfNull(truth);
        var written = WithoutSpaces(truth);
        _edits += Distance(WithoutSpaces(Read(scores)), written);
        _characters += written.Length;
    }

    /// <summary>The text that the scores spell.</summary>
    public string Read(ReadOnlySpan<float> scores)
    {
        var (text, last) = (new StringBuilder(), 0);
        for (; scores.Length > 0; scores = scores[keys.Count..])
        {
            var best = Best(scores[..keys.Count]);
            if (best != 0 && best != last)
                text.Append(keys[best]);
            last = best;
        }
        return text.ToString();
    }

    private static string WithoutSpaces(string text) => text.Replace(" ", "", StringComparison.Ordinal);

    private static int Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
            best = scores[i] > scores[best] ? i : best;
        return best;
    }

    /// <summary>Fewest insertions, deletions and replacements (Levenshtein 1966), row by row.</summary>
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
