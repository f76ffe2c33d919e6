using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>Says what to add to a profile so that a pass leaves operators alone.</summary>
internal static class ExclusionLine
{
    /// <summary>The entry that keeps types of operators float, those it leaves out already among them: lists replace each other.</summary>
    public static string ForTypes(PassSettings pass, IReadOnlyList<string> operatorTypes) =>
        Line(pass, "exclude-operators", (pass.Options as SelectionOptions)?.ExcludeOperators ?? [], operatorTypes);

    /// <summary>The entry that keeps nodes float.</summary>
    public static string ForNodes(PassSettings pass, IReadOnlyList<string> nodes) =>
        Line(pass, "exclude", (pass.Options as SelectionOptions)?.Exclude ?? [], nodes);

    private static string Line(PassSettings pass, string key, IReadOnlyList<string> before, IReadOnlyList<string> added) =>
        $"{pass.Name}: {{ {key}: [{string.Join(", ", before.Union(added).Select(Quoted))}] }}";

    /// <summary>Plain where YAML reads a plain word as a text.</summary>
    private static string Quoted(string text) => text.All(char.IsAsciiLetter) && text.Length > 0 ? text : YamlText.Quote(text);

    /// <summary>The pass that gave the nodes their quantized form: the one whose log names them, else the first that quantizes.</summary>
    /// <param name="readBy">The weights that each of the original's nodes reads.</param>
    public static PassSettings? Culprit(ComparedOperator compared, IReadOnlyList<PassSettings> passes, RewriteLog log, Func<string, IEnumerable<string>> readBy)
    {
        var names = compared.Nodes.Concat(compared.Nodes.SelectMany(readBy)).ToHashSet();
        var quantizing = passes.Where(IsQuantizing).ToList();
        var named = log.Rewrites.Where(rewrite => names.Contains(rewrite.Name)).Select(rewrite => rewrite.Pass).ToHashSet();
        return quantizing.Find(pass => named.Contains(pass.Name)) ?? quantizing.FirstOrDefault();
    }

    public static bool IsQuantizing(PassSettings pass) => PassRegistry.Create(pass.Name, pass.Options) is ISelectivePass { Effect: NumericEffect.Lossy, Compresses: true };
}
