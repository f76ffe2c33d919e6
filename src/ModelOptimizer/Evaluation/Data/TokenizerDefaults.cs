using System.Text.Json;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Refuses options of a <c>tokenizer.json</c>'s model that would give other tokens than the encoders here, which know none of them.
/// The defaults are those of Hugging Face's tokenizers.
/// </summary>
internal static class TokenizerDefaults
{
    private const int LongestWord = 100;

    /// <exception cref="InvalidDataException">The file asks for what is not known here.</exception>
    public static void RequireOfWordPiece(JsonElement root, JsonElement model)
    {
        Require(model, "continuing_subword_prefix", "##");
        Require(model, "unk_token", "[UNK]");
        if (model.TryGetProperty("max_input_chars_per_word", out var longest) && longest.GetInt32() != LongestWord)
            throw Unknown("max_input_chars_per_word", longest);
        RequireNot(root.GetProperty("normalizer"), "handle_chinese_chars", JsonValueKind.False);
    }

    /// <exception cref="InvalidDataException">The file asks for what is not known here.</exception>
    public static void RequireOfBytePairs(JsonElement model, IReadOnlyDictionary<string, int> vocabulary)
    {
        RequireNot(model, "ignore_merges", JsonValueKind.True);
        Require(model, "continuing_subword_prefix", "");
        Require(model, "end_of_word_suffix", "");
        if (model.TryGetProperty("dropout", out var dropout) && dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() != 0)
            throw Unknown("dropout", dropout);
        // Both tell what becomes of bytes that the vocabulary lacks.
        if (Alphabet().All(vocabulary.ContainsKey))
            return;
        RequireNot(model, "byte_fallback", JsonValueKind.True);
        RequireNot(model, "unk_token", JsonValueKind.String);
    }

    /// <summary>The 256 letters that stand for bytes: printable ones of Latin-1 for themselves, those from U+0100 on for the rest.</summary>
    private static IEnumerable<string> Alphabet() =>
        Range('!', '~').Concat(Range('\u00A1', '\u00AC')).Concat(Range('\u00AE', '\u00FF')).Concat(Range('\u0100', '\u0143'));

    private static IEnumerable<string> Range(char first, char last) =>
        Enumerable.Range(first, last - first + 1).Select(letter => ((char)letter).ToString());

    private static void Require(JsonElement part, string key, string value)
    {
        if (part.TryGetProperty(key, out var given) && given.ValueKind == JsonValueKind.String && given.GetString() != value)
            throw Unknown(key, given);
    }

    private static void RequireNot(JsonElement part, string key, JsonValueKind kind)
    {
        if (part.TryGetProperty(key, out var given) && given.ValueKind == kind)
            throw Unknown(key, given);
    }

    private static InvalidDataException Unknown(string key, JsonElement given) =>
        new($"it has '{key}: {given.GetRawText()}', which is not known here");
}
