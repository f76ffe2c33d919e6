using System.Text.RegularExpressions;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>
/// Answers which nodes and weights a pass may take. Globs are held against the node's name and the weight's name; one match is
/// enough, and <c>exclude</c> wins over <c>include</c>. In names <c>/</c> is a letter like any other, so <c>*</c> (and <c>**</c>)
/// matches any characters and <c>?</c> exactly one; everything else, case included, is taken literally.
/// </summary>
/// <param name="options">The globs and operators that choose.</param>
/// <param name="named">Further globs that the pass's options hold against the same names.</param>
public sealed class NodeSelector(SelectionOptions options, IEnumerable<string>? named = null)
{
    private readonly Globs _include = new(options.Include);
    private readonly Globs _exclude = new(options.Exclude);

    /// <summary>True when the pass may take the node with that weight.</summary>
    public bool Selects(Node node, Value? weight = null) => Refusal(node, weight) is null;

    /// <summary>Why the profile keeps the pass away from the node; null when it doesn't.</summary>
    public string? Refusal(Node node, Value? weight = null) =>
        RefusedOperator(node.OpType) ?? RefusedName(Names(node, weight))
        ?? options.Filter?.Refusal(node, weight);

    /// <summary>Why the profile wants the node with that weight left as it is; null also where it only names others to take.</summary>
    public string? Exclusion(Node node, Value? weight = null) => ExcludedOperator(node.OpType) ?? ExcludedName(Names(node, weight));

    /// <summary>Why a trial under a goal keeps the pass from the node with that weight, whatever the profile says; null when none does.</summary>
    internal string? Reversion(Node node, Value weight) => options.Filter?.Refusal(node, weight);

    /// <summary>Globs and operators that meet nothing in the model: most likely they are misspelt.</summary>
    public IReadOnlyList<string> Unmatched(OnnxModel model)
    {
        var nodes = GraphWalker.Nodes(model).ToList();
        var operators = nodes.Select(node => node.OpType).ToHashSet();
        var weights = nodes.SelectMany(node => node.Inputs).OfType<Value>().Where(value => value.Constant is not null);
        var names = nodes.Select(node => node.Name).Concat(weights.Select(weight => weight.Name)).Distinct().ToList();
        return
        [
            .. options.Include.Concat(options.Exclude).Concat(named ?? []).Where(glob => !names.Exists(new Globs([glob]).Match)),
            .. options.Operators.Concat(options.ExcludeOperators).Where(name => !operators.Contains(name)),
        ];
    }

    private static string[] Names(Node node, Value? weight) => weight is null ? [node.Name] : [node.Name, weight.Name];

    private string? RefusedOperator(string opType) =>
        ExcludedOperator(opType) ?? (options.Operators.Count == 0 || options.Operators.Contains(opType) ? null : $"operators does not name {opType}");

    private string? ExcludedOperator(string opType) => options.ExcludeOperators.Contains(opType) ? $"exclude-operators names {opType}" : null;

    private string? RefusedName(string[] names) =>
        ExcludedName(names) ?? (options.Include.Count == 0 || names.Any(_include.Match) ? null : "include does not match its name");

    private string? ExcludedName(string[] names) =>
        names.Select(_exclude.Find).FirstOrDefault(glob => glob is not null) is { } excluding ? $"exclude has '{excluding}'" : null;

    private sealed class Globs(IReadOnlyList<string> globs)
    {
        private readonly IReadOnlyList<Regex> _patterns = [.. globs.Select(ToRegex)];

        public bool Match(string name) => Find(name) is not null;

        public string? Find(string name)
        {
            for (var i = 0; i < globs.Count; i++)
                if (_patterns[i].IsMatch(name))
                    return globs[i];
            return null;
        }

        private static Regex ToRegex(string glob) =>
            new($"^{Regex.Escape(glob).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)}\\z",
                RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }
}
