using System.Text;
using System.Text.Json;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TextDataTests : IDisposable
{
    private const string Words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncafe\nhello\nwor\n##ld\n,\n";

    private static readonly SourceLocation Here = new("model-opt.yaml", 3, 3);
    private static readonly DataRequest Bert = DataFolder.Request(
        ("input_ids", DataType.Int64, [-1, -1]), ("attention_mask", DataType.Int64, [-1, -1]), ("token_type_ids", DataType.Int32, [-1, -1]));

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Lines_become_what_a_BERT_takes()
    {
        var samples = Read(Bert, Settings("Hello, world\n\n  \nCafé nothing\n", Words)).ToList();

        Assert.That(samples, Has.Count.EqualTo(2));
        Assert.That(Ids(samples[0]), Is.EqualTo(new long[] { 2, 6, 9, 7, 8, 3 }));
        Assert.That(Ids(samples[1]), Is.EqualTo(new long[] { 2, 5, 1, 3 }), "the vocabulary has no capitals: text is lowered and loses its accents");
        Assert.That(samples[0].Inputs["attention_mask"].AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 1, 1, 1, 1, 1, 1 }));
        Assert.That(samples[0].Inputs["token_type_ids"].AsSpan<int>().ToArray(), Is.EqualTo(new int[6]));
    }

    [Test]
    public void Texts_have_no_labels()
    {
        var settings = Settings("hello", Words) with { Location = Here };

        var problem = Assert.Throws<DiagnosticException>(() => Read(Bert with { Labels = "truth" }, settings).ToList())!.Diagnostics.Single();

        Assert.That(problem.Message, Does.Contain("texts and ONNX test data have no labels"));
        Assert.That((problem.Code, problem.Location), Is.EqualTo(("MO5005", Here)));
    }

    [TestCase(1, new[] { 3 })]
    [TestCase(3, new[] { 1, 3, 5 })]
    [TestCase(9, new[] { 0, 1, 2, 3, 4, 5 })]
    public void Lines_are_taken_from_all_over_the_text(int limit, int[] lines)
    {
        string[] text = ["hello", "hello hello", "hello , hello", "hello , , hello", "hello , , , hello", "hello , , , , hello"];

        var samples = Read(Bert with { Limit = limit }, Settings(string.Join("\n\n", text), Words)).ToList();

        Assert.That(samples.Select(sample => Ids(sample).Length), Is.EqualTo(lines.Select(line => line + 3)));
        Assert.That(samples.Select(sample => sample.Index), Is.EqualTo(Enumerable.Range(0, samples.Count)));
    }

    [Test]
    public void A_vocabulary_with_capitals_keeps_them()
    {
        var sample = Read(Bert, Settings("Hello hello Café", Words + "Hello\nCafé\n")).Single();

        Assert.That(Ids(sample), Is.EqualTo(new long[] { 2, 10, 6, 11, 3 }));
    }

    [Test]
    public void Long_lines_are_cut_and_keep_what_is_added()
    {
        var sample = Read(Bert, Settings("hello hello hello hello", Words) with { Length = 4 }).Single();

        Assert.That(Ids(sample), Is.EqualTo(new long[] { 2, 6, 6, 3 }));
    }

    [TestCase(true, -1, 8)]
    [TestCase(false, 5, 5)]
    [TestCase(false, -1, 3)]
    public void Short_lines_are_padded_where_told_or_fixed(bool pad, long axis, int length)
    {
        var request = DataFolder.Request(("ids", DataType.Int64, [1, axis]), ("mask", DataType.Int64, [1, axis]), ("position_ids", DataType.Int64, [1, axis]));

        var sample = Read(request, Settings("hello", Words) with { Length = 8, Pad = pad }).Single();

        Assert.That(sample.Inputs["ids"].AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 2, 6, 3 }.Concat(new long[length - 3])));
        Assert.That(sample.Inputs["mask"].AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 1, 1, 1 }.Concat(new long[length - 3])));
        Assert.That(sample.Inputs["position_ids"].AsSpan<long>().ToArray(), Is.EqualTo(Enumerable.Range(0, length)));
    }

    [Test]
    public void Rows_of_a_batch_are_padded_to_the_longest()
    {
        var samples = Read(Bert with { Batch = 2 }, Settings("hello\nhello hello\nhello", Words)).ToList();

        Assert.That(samples.Select(sample => sample.Rows), Is.EqualTo(new[] { 2, 1 }));
        Assert.That(samples[0].Inputs["input_ids"].Dimensions, Is.EqualTo(new long[] { 2, 4 }));
        Assert.That(Ids(samples[0]), Is.EqualTo(new long[] { 2, 6, 3, 0, 2, 6, 6, 3 }));
    }

    [Test]
    public void A_word_piece_tokenizer_json_says_itself_what_it_does()
    {
        var settings = Settings("Hello world", "x") with
        {
            Tokenizer = _folder.WriteText("tokenizer.json", """
                { "normalizer": { "type": "BertNormalizer", "lowercase": false, "strip_accents": null }, "pre_tokenizer": { "type": "BertPreTokenizer" },
                  "post_processor": { "type": "TemplateProcessing", "single": [ { "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ],
                    "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] } } },
                  "model": { "type": "WordPiece", "vocab": { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "hello": 6, "Hello": 7, "world": 9 } } }
                """),
        };

        Assert.That(Ids(Read(Bert, settings).Single()), Is.EqualTo(new long[] { 2, 7, 9 }), "no [SEP], and a gap in the ids");
    }

    [Test]
    public void Byte_pairs_are_merged_in_order()
    {
        var settings = Settings("ab abcé<s>", "x") with
        {
            Tokenizer = _folder.WriteText("tokenizer.json", """
                { "normalizer": null, "added_tokens": [ { "id": 5, "content": "<s>" }, { "id": 10, "content": "<pad>" } ],
                  "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": true, "use_regex": true },
                  "post_processor": { "type": "RobertaProcessing", "cls": ["<s>", 5], "sep": ["</s>", 11] },
                  "model": { "type": "BPE", "vocab": { "a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "<s>": 5, "c": 6, "Ã": 7, "©": 8 }, "merges": ["a b", ["Ġ", "ab"]] } }
                """),
            Pad = true,
            Length = 9,
        };

        Assert.That(Ids(Read(Bert, settings).Single()), Is.EqualTo(new long[] { 5, 4, 4, 6, 7, 8, 5, 11, 10 }));
    }

    [Test]
    public void Merges_may_lie_beside_the_vocabulary()
    {
        _folder.WriteText("merges.txt", "#version: 0.2\na b\n");
        var settings = Settings("abb", "x") with { Tokenizer = _folder.WriteText("vocab.json", """{ "a": 0, "b": 1, "ab": 2 }""") };

        Assert.That(Ids(Read(Bert, settings).Single()), Is.EqualTo(new long[] { 2, 1 }));
        Assert.That(settings.Sources, Is.EqualTo(new[] { _folder["lines.txt"], _folder["vocab.json"], _folder["merges.txt"] }), "all are inputs of the build");
    }

    /// <summary>As RoBERTa's and Llama's files have it: bytes, then what is added.</summary>
    [TestCase("""{ "type": "RobertaProcessing", "sep": ["</s>", 3], "cls": ["<s>", 2] }""", new long[] { 2, 1, 3 })]
    [TestCase("""{ "type": "BertProcessing", "sep": ["</s>", 3], "cls": ["<s>", 2] }""", new long[] { 2, 1, 3 })]
    [TestCase("""{ "type": "ByteLevel" }""", new long[] { 1 })]
    public void Processors_in_a_row_add_what_they_would_alone(string processor, long[] ids)
    {
        var settings = Settings("b", "x") with
        {
            Tokenizer = _folder.WriteText("tokenizer.json", BytePairs($$"""
                "dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "", "byte_fallback": false,
                "ignore_merges": false
                """, $$"""{ "type": "Sequence", "processors": [ { "type": "ByteLevel" }, {{processor}} ] }""")),
        };

        Assert.That(Ids(Read(Bert, settings).Single()), Is.EqualTo(ids));
    }

    [Test]
    public void Words_of_other_bytes_do_not_matter_where_the_vocabulary_has_all()
    {
        var bytes = Enumerable.Range(33, 94).Concat(Enumerable.Range(161, 12)).Concat(Enumerable.Range(174, 82)).Concat(Enumerable.Range(256, 68));
        var vocabulary = JsonSerializer.Serialize(bytes.Index().ToDictionary(letter => ((char)letter.Item).ToString(), letter => letter.Index));
        var settings = Settings("\"!", "x") with
        {
            Tokenizer = _folder.WriteText("tokenizer.json", $$"""
                { "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false },
                  "model": { "type": "BPE", "vocab": {{vocabulary}}, "merges": [], "unk_token": "<unk>", "byte_fallback": true } }
                """),
        };

        Assert.That(Ids(Read(Bert, settings).Single()), Is.EqualTo(new long[] { 1, 0 }));
    }

    [TestCase("ignore_merges", "true")]
    [TestCase("end_of_word_suffix", "\"</w>\"")]
    [TestCase("continuing_subword_prefix", "\"##\"")]
    [TestCase("byte_fallback", "true")]
    [TestCase("dropout", "0.1")]
    [TestCase("unk_token", "\"<unk>\"")]
    public void Byte_pairs_by_other_rules_are_refused(string option, string value) =>
        AssertRefused(BytePairs($"\"{option}\": {value}", "null"), option, value);

    [TestCase("continuing_subword_prefix", "\"@@\"")]
    [TestCase("unk_token", "\"<unk>\"")]
    [TestCase("max_input_chars_per_word", "20")]
    public void Word_pieces_by_other_rules_are_refused(string option, string value) => AssertRefused($$"""
        { "normalizer": { "type": "BertNormalizer" }, "pre_tokenizer": { "type": "BertPreTokenizer" },
          "model": { "type": "WordPiece", "{{option}}": {{value}}, "vocab": { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3 } } }
        """, option, value);

    [TestCase("""{ "model": { "type": "Unigram" } }""", "its model is of type 'Unigram'")]
    [TestCase("""{ "normalizer": { "type": "NFC" }, "model": { "type": "BPE", "vocab": {}, "merges": [] } }""", "a normalizer of type 'NFC'")]
    [TestCase("""{ "pre_tokenizer": { "type": "Metaspace" }, "model": { "type": "BPE", "vocab": {}, "merges": [] } }""", "'Metaspace', not on bytes")]
    [TestCase("""{ "normalizer": null, "model": { "type": "WordPiece", "vocab": {} } }""", "its normalizer is not of type 'BertNormalizer'")]
    [TestCase("""{ }""", "can't be used")]
    [TestCase("""[""", "can't be used")]
    public void What_is_not_known_is_refused(string json, string reason)
    {
        var problem = Problem(Settings("hello", "x") with { Tokenizer = _folder.WriteText("tokenizer.json", json) }, Bert);

        Assert.That(problem, Has.Property("Code").EqualTo("MO5034").And.Property("Location").EqualTo(new SourceLocation(_folder["tokenizer.json"])).And.Message.Contains(reason)
            .And.Message.Contains("'data:'"));
    }

    [Test]
    public void A_vocabulary_of_another_kind_is_refused() =>
        Assert.That(Problem(Settings("hello", "hello\nworld\n"), Bert).Message, Does.Contain("its vocabulary lacks [CLS], [SEP], [PAD], [UNK]"));

    [Test]
    public void A_model_that_wants_more_is_told()
    {
        var problem = Problem(Settings("hello", Words), DataFolder.Request(("input_ids", DataType.Int64, [1, -1]), ("pixels", DataType.Float, [1, 3, 4, 4])));

        Assert.That(problem.Message, Is.EqualTo("Input 'pixels' (float[1,3,4,4]) is none that texts can feed; give arrays under 'data:'"));
        Assert.That(Problem(Settings("hello", Words) with { Tokenizer = null }, Bert).Message, Does.Contain("'text:' needs 'tokenizer:'"));
        Assert.That(Problem(Settings("hello", Words), DataFolder.Request(("a", DataType.Int64, [1, -1]), ("b", DataType.Int64, [1, -1]))).Message, Does.StartWith("Inputs 'a' and 'b' would"));
    }

    [Test]
    public void Text_that_is_not_UTF8_is_told()
    {
        var settings = Settings("x", Words);
        _folder.Write("lines.txt", Encoding.Latin1.GetBytes("Käse"));

        Assert.That(Problem(settings, Bert), Has.Property("Code").EqualTo("MO5003").And.Message.Contains("not UTF-8"));
    }

    [TestCase("Ång ßtröm", "Ang ßtrom")]
    [TestCase("e\u0301 の が", "e の か")]
    [TestCase("한", "\u1112\u1161\u11AB")]
    [TestCase("Ệ ǖ ёй", "E u еи")]
    public void Accents_go_without_the_platform_helping(string text, string bare) => Assert.That(Accents.Strip(text), Is.EqualTo(bare));

    private void AssertRefused(string json, string option, string value)
    {
        var problem = Problem(Settings("a", "x") with { Tokenizer = _folder.WriteText("tokenizer.json", json) }, Bert);

        Assert.That(problem, Has.Property("Code").EqualTo("MO5034").And.Message.Contains($"it has '{option}: {value}', which is not known here"));
    }

    private static string BytePairs(string options, string processor) => $$"""
        { "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false }, "post_processor": {{processor}},
          "model": { "type": "BPE", "vocab": { "a": 0, "b": 1, "<s>": 2, "</s>": 3 }, "merges": [], {{options}} } }
        """;

    private CalibrationSettings Settings(string lines, string vocabulary) => new()
    {
        Text = [_folder.WriteText("lines.txt", lines)],
        Tokenizer = _folder.WriteText("vocab.txt", vocabulary),
        Location = Here,
    };

    private static IEnumerable<Sample> Read(DataRequest request, DataSettings settings) => new DataSet(settings, request).Read();

    private static long[] Ids(Sample sample) => sample.Inputs["input_ids"].AsSpan<long>().ToArray();

    private static Diagnostic Problem(DataSettings settings, DataRequest request) =>
        Assert.Throws<DiagnosticException>(() => new DataSet(settings, request).Read().ToList())!.Diagnostics.Single();
}
