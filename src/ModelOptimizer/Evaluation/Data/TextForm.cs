using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>What an input of a model for tokens holds.</summary>
internal enum TokenRole
{
    Ids,

    /// <summary>1 for tokens of the text, 0 for padding.</summary>
    Mask,

    /// <summary>Which of two texts a token belongs to: always the first.</summary>
    Types,
    Positions,
}

/// <summary>How texts become the inputs of a model.</summary>
/// <param name="Inputs">Each with its role.</param>
/// <param name="FixedLength">The number of tokens that the model wants; null leaves it open.</param>
internal sealed record TextForm(IReadOnlyList<(NamedType Input, TokenRole Role)> Inputs, TextEncoder Encoder, int Length, int? FixedLength, bool Pad)
{
    /// <summary>How many rows the model wants at a time; null leaves it open.</summary>
    public long? FixedBatch => Inputs[0].Input.Type!.Shape![0].Value;

    /// <exception cref="DiagnosticException">The model takes something that texts can't feed, or the tokenizer can't be used.</exception>
    public static TextForm For(DataSettings settings, DataRequest request)
    {
        if (settings.Tokenizer is null)
            throw Misfit(settings, "'text:' needs 'tokenizer:', the file that turns the model's texts into tokens");
        var inputs = request.Inputs.Select(input => (Input: input, Role: RoleOf(input.Name))).ToList();
        var problems = inputs.Where(one => !IsForTokens(one.Input))
            .Select(one => $"Input '{one.Input.Name}' ({one.Input.Type}) is none that texts can feed; give arrays under 'data:'")
            .Concat(inputs.Where(one => IsForTokens(one.Input)).GroupBy(one => one.Role).Where(role => role.Count() > 1)
                .Select(role => $"Inputs {string.Join(" and ", role.Select(one => $"'{one.Input.Name}'"))} would get the same tokens; give arrays under 'data:'")).ToList();
        if (problems.Count > 0)
            throw Misfit(settings, [.. problems]);
        var length = inputs.Select(one => one.Input.Type!.Shape![1].Value).FirstOrDefault(axis => axis is not null);
        return new TextForm(inputs, TokenizerFile.Load(settings.TokenizerFiles), (int)Math.Min(length ?? settings.Length, settings.Length), (int?)length, settings.Pad);
    }

    private static bool IsForTokens(NamedType input) => input.Type is { ElementType: DataType.Int64 or DataType.Int32, Shape.Rank: 2 };

    private static TokenRole RoleOf(string name)
    {
        return Has("mask") ? TokenRole.Mask : Has("type") || Has("segment") ? TokenRole.Types : Has("position") ? TokenRole.Positions : TokenRole.Ids;

        bool Has(string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
    }

    private static DiagnosticException Misfit(DataSettings settings, params IEnumerable<string> problems) =>
        new([.. problems.Select(problem => new Diagnostic(DiagnosticCatalog.TextMismatch, problem, settings.Location))]);
}
