using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

internal static class Labels
{
    public static string Missing(string name, IEnumerable<string> names)
    {
        var present = names.ToArray();
        return $"There are no labels '{name}' in the data{Suggestion.Clause(name, present)} (there are: {string.Join(", ", present)})";
    }
}
