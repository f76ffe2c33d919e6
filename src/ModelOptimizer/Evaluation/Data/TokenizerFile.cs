using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Reads the files in which models bring their tokenizers along.</summary>
internal static partial class TokenizerFile
{
    private const string Classification = "[CLS]", Separator = "[SEP]", Pad = "[PAD]";

    /// <exception cref="DiagnosticException">The file can't be read, or is of a kind that is not known here.</exception>
    public static TextEncoder Load(IReadOnlyList<string> files)
    {
        var path = files[0];
        try
        {
            return Path.GetExtension(path) switch
            {
                ".txt" => WordPieces([.. File.ReadLines(path).Select(line => line.TrimEnd())], isUncased: null),
                ".json" when files.Count > 1 => BytePairs(Vocabulary(path), [.. File.ReadLines(files[1]).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))], TokenizerJson.NothingAdded),
                ".json" => TokenizerJson.Load(path),
                var other => throw new InvalidDataException($"files of type '{other}' are not known"),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or ArgumentException or KeyNotFoundException
            or InvalidOperationException or FormatException or NotSupportedException)
        {
            throw new DiagnosticException(DiagnosticCatalog.TokenizerUnusable,
                $"The tokenizer can't be used: {e.Message.TrimEnd('.')}. Record the tokens that the app feeds instead ('data:')", new SourceLocation(path));
        }
    }

    /// <summary>BERT's: a word, then its continuations marked with ##.</summary>
    /// <param name="words">By id.</param>
    /// <param name="isUncased">Whether text is lowered and loses its accents; null finds out from the vocabulary.</param>
    public static TextEncoder WordPieces(IReadOnlyList<string> words, bool? isUncased)
    {
        var missing = new[] { Classification, Separator, Pad, "[UNK]" }.Except(words).ToList();
        if (missing.Count > 0)
            throw new InvalidDataException($"its vocabulary lacks {string.Join(", ", missing)}");
        var lower = isUncased ?? !words.Any(word => !word.StartsWith('[') && word.Any(char.IsUpper));
        var options = new BertOptions { LowerCaseBeforeTokenization = lower, RemoveNonSpacingMarks = false };
        var tokenizer = BertTokenizer.Create(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', words))), options);
        return new TextEncoder(tokenizer, text => lower ? Accents.Strip(text) : text, [tokenizer.ClassificationTokenId], [tokenizer.SeparatorTokenId], tokenizer.PaddingTokenId);
    }

    /// <summary>GPT-2's: pairs of bytes merged in order.</summary>
    public static TextEncoder BytePairs(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<string> merges, TokenizerJson.Additions additions)
    {
        var options = new BpeOptions(vocabulary)
        {
            Merges = merges,
            ByteLevel = true,
            SpecialTokens = additions.Special,
            PreTokenizer = new RegexPreTokenizer(additions.Split ?? GptWords(), additions.Special),
        };
        return new TextEncoder(BpeTokenizer.Create(options), text => additions.SpaceBefore && !text.StartsWith(' ') ? " " + text : text,
            additions.Before, additions.After, additions.Padding);
    }

    private static Dictionary<string, int> Vocabulary(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt32());
    }

    /// <summary>How GPT-2 cuts text into words before it looks for pairs.</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex GptWords();
}
