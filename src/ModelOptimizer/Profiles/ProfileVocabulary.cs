using System.ComponentModel;
using System.Reflection;

namespace ModelOptimizer.Profiles;

/// <summary>The words that a profile may use, made once from the declarations: for the reader, the schema and the docs.</summary>
internal sealed class ProfileVocabulary
{
    /// <param name="passes">Names and options types of all passes.</param>
    public ProfileVocabulary(IEnumerable<(string Name, Type Pass, Type? Options)> passes)
    {
        Passes = [.. passes.Select(pass => new PassDeclaration(pass.Name,
            pass.Options is null ? null : ValueKinds.Record(pass.Options, pass.Name),
            pass.Pass.GetCustomAttribute<DescriptionAttribute>()?.Description))];
        var presets = BuiltInPresets.Names.ToDictionary(name => name, BuiltInPresets.Tree);
        Root = new RecordKind(typeof(OptimizationProfile), "a profile", (property, option) => property.Name switch
        {
            nameof(OptimizationProfile.Passes) => new PassListKind(Passes, presets),
            nameof(OptimizationProfile.Budget) => new BudgetKind(),
            _ => ValueKinds.Of(property, option),
        });
    }

    public IReadOnlyList<PassDeclaration> Passes { get; }

    /// <summary>The profile itself.</summary>
    public RecordKind Root { get; }
}
