using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Reads <c>tokenizer.json</c> as Hugging Face's tools write it: WordPiece with BERT's normalizer, or byte-level BPE without one. Whatever else a file asks for is
/// refused: tokens that are nearly right would calibrate on what the app never feeds.
/// </summary>
internal static class TokenizerJson
{
    /// <summary>What a file asks for around the merging of bytes.</summary>
    /// <param name="Split">How text is cut into words; null as GPT-2 does.</param>
    /// <param name="SpaceBefore">Whether the first word gets a space like the others.</param>
    internal sealed record Additions(IReadOnlyDictionary<string, int> Special, IReadOnlyList<int> Before, IReadOnlyList<int> After, int Padding, Regex? Split, bool SpaceBefore);

    public static Additions NothingAdded { get; } = new(new Dictionary<string, int>(), [], [], 0, null, false);

    /// <exception cref="InvalidDataException">The file asks for what is not known here.</exception>
    public static TextEncoder Load(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = document.RootElement;
        var model = root.GetProperty("model");
        return TypeOf(model) switch
        {
            "WordPiece" => WordPiece(root, model),
            "BPE" => BytePairs(root, model),
            var other => throw new InvalidDataException($"its model is of type '{other}'; WordPiece and byte-level BPE are known"),
        };
    }

    private static TextEncoder WordPiece(JsonElement root, JsonElement model)
    {
        Require(root, "normalizer", "BertNormalizer");
        Require(root, "pre_tokenizer", "BertPreTokenizer");
        var normalizer = root.GetProperty("normalizer");
        var lower = Flag(normalizer, "lowercase") ?? true;
        if ((Flag(normalizer, "strip_accents") ?? lower) != lower)
            throw new InvalidDataException("it lowers text without taking off accents, or the other way round");
        TokenizerDefaults.RequireOfWordPiece(root, model);
        var encoder = TokenizerFile.WordPieces(Words(model.GetProperty("vocab")), lower);
        var (before, after) = Around(root);
        return encoder with { Before = before, After = after };
    }

    private static TextEncoder BytePairs(JsonElement root, JsonElement model)
    {
        if (root.TryGetProperty("normalizer", out var normalizer) && normalizer.ValueKind == JsonValueKind.Object)
            throw new InvalidDataException($"it has a normalizer of type '{TypeOf(normalizer)}'");
        var special = Special(root);
        var (before, after) = Around(root);
        var (split, space) = Cuts(root);
        var additions = new Additions(special, before, after, PaddingOf(root, special), split, space);
        var vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetInt32());
        TokenizerDefaults.RequireOfBytePairs(model, vocabulary);
        return TokenizerFile.BytePairs(vocabulary, [.. model.GetProperty("merges").EnumerateArray().Select(Merge)], additions);
    }

    /// <summary>By id; ids that nobody has are filled with words that no text holds.</summary>
    private static string[] Words(JsonElement vocabulary)
    {
        var ids = vocabulary.EnumerateObject().ToDictionary(entry => entry.Value.GetInt32(), entry => entry.Name);
        return [.. Enumerable.Range(0, ids.Keys.Max() + 1).Select(id => ids.GetValueOrDefault(id, $"[none{id}]"))];
    }

    private static Dictionary<string, int> Special(JsonElement root) => !root.TryGetProperty("added_tokens", out var added) ? [] : added.EnumerateArray()
        .ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32());

    private static int PaddingOf(JsonElement root, Dictionary<string, int> special) =>
        root.TryGetProperty("padding", out var padding) && padding.ValueKind == JsonValueKind.Object ? padding.GetProperty("pad_id").GetInt32()
            : special.GetValueOrDefault("<pad>", special.GetValueOrDefault("[PAD]"));

    /// <summary>A merge is one text with a space or a pair of texts.</summary>
    private static string Merge(JsonElement merge) =>
        merge.ValueKind == JsonValueKind.String ? merge.GetString()! : string.Join(' ', merge.EnumerateArray().Select(part => part.GetString()));

    private static (Regex? Split, bool SpaceBefore) Cuts(JsonElement root)
    {
        var parts = TypeOf(root.GetProperty("pre_tokenizer")) == "Sequence"
            ? [.. root.GetProperty("pre_tokenizer").GetProperty("pretokenizers").EnumerateArray()]
            : new[] { root.GetProperty("pre_tokenizer") };
        if (TypeOf(parts[^1]) != "ByteLevel")
            throw new InvalidDataException($"its BPE model works on words of type '{TypeOf(parts[^1])}', not on bytes");
        var (space, byWords) = (Flag(parts[^1], "add_prefix_space") ?? false, Flag(parts[^1], "use_regex") ?? true);
        return parts switch
        {
            [_] when byWords => (null, space),
            [var split, _] when !byWords && TypeOf(split) == "Split" && Text(split, "behavior") == "Isolated" && Flag(split, "invert") != true
                && split.GetProperty("pattern").TryGetProperty("Regex", out var pattern) => (new Regex(pattern.GetString()!), space),
            _ => throw new InvalidDataException($"it cuts text by {string.Join(", ", parts.Select(TypeOf))}"),
        };
    }

    /// <summary>The ids that surround a single text.</summary>
    private static (IReadOnlyList<int> Before, IReadOnlyList<int> After) Around(JsonElement root)
    {
        if (!root.TryGetProperty("post_processor", out var processor) || processor.ValueKind != JsonValueKind.Object)
            return ([], []);
        // What works on bytes adds nothing.
        var adding = (TypeOf(processor) == "Sequence" ? [.. processor.GetProperty("processors").EnumerateArray()] : new[] { processor })
            .Where(part => TypeOf(part) != "ByteLevel").ToArray();
        return adding switch
        {
            [] => ([], []),
            [var one] => TypeOf(one) switch
            {
                "BertProcessing" or "RobertaProcessing" => ([one.GetProperty("cls")[1].GetInt32()], [one.GetProperty("sep")[1].GetInt32()]),
                "TemplateProcessing" => Template(one),
                var other => throw new InvalidDataException($"its post-processor is of type '{other}'"),
            },
            _ => throw new InvalidDataException($"it has several post-processors: {string.Join(", ", adding.Select(TypeOf))}"),
        };
    }

    private static (IReadOnlyList<int> Before, IReadOnlyList<int> After) Template(JsonElement processor)
    {
        var pieces = processor.GetProperty("single").EnumerateArray().ToList();
        var text = pieces.FindIndex(piece => piece.TryGetProperty("Sequence", out _));
        return (Ids(pieces[..text]), Ids(pieces[(text + 1)..]));

        IReadOnlyList<int> Ids(List<JsonElement> special) => [.. special.SelectMany(piece =>
            processor.GetProperty("special_tokens").GetProperty(piece.GetProperty("SpecialToken").GetProperty("id").GetString()!).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()))];
    }

    private static void Require(JsonElement root, string key, string type)
    {
        if (!root.TryGetProperty(key, out var part) || part.ValueKind != JsonValueKind.Object || TypeOf(part) != type)
            throw new InvalidDataException($"its {key} is not of type '{type}'");
    }

    private static string TypeOf(JsonElement part) => part.ValueKind == JsonValueKind.Object ? Text(part, "type") : "";

    private static string Text(JsonElement part, string key) => part.TryGetProperty(key, out var value) ? value.GetString() ?? "" : "";

    private static bool? Flag(JsonElement part, string key) =>
        part.TryGetProperty(key, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
}
