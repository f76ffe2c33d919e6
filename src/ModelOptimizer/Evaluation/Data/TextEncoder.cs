using Microsoft.ML.Tokenizers;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Turns a line of text into token ids, with what the model expects before and behind.</summary>
/// <param name="Tokenizer">Splits text into tokens; adds nothing itself.</param>
/// <param name="Prepare">What happens to the text first.</param>
/// <param name="Before">Ids before each text: BERT's [CLS].</param>
/// <param name="After">Ids behind each text: BERT's [SEP].</param>
/// <param name="Padding">The id that fills up.</param>
internal sealed record TextEncoder(Tokenizer Tokenizer, Func<string, string> Prepare, IReadOnlyList<int> Before, IReadOnlyList<int> After, int Padding)
{
    /// <param name="length">Tokens at most, those added included; the text is cut, what is added stays.</param>
    public IReadOnlyList<int> Encode(string text, int length)
    {
        var prepared = Prepare(text);
        var ids = Tokenizer is BertTokenizer bert ? bert.EncodeToIds(prepared, addSpecialTokens: false) : Tokenizer.EncodeToIds(prepared);
        return [.. Before, .. ids.Take(Math.Max(0, length - Before.Count - After.Count)), .. After];
    }
}
