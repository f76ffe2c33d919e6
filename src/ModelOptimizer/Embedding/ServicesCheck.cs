using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>Whether a model whose runner is to be registered for dependency injection can be.</summary>
public static class ServicesCheck
{
    private const string Services = "Microsoft.Extensions.DependencyInjection.Abstractions";
    private const string Runtime = "Microsoft.ML.OnnxRuntime";

    private static readonly string s_newRuntime = $"{Runtime} {AccessorSettings.RunnerSince} or newer";

    /// <param name="planned">The model.</param>
    /// <param name="hasAccessor">True when an accessor is generated: the project is C#.</param>
    /// <param name="hasRuntime">True when the project references ONNX Runtime in a version that runners can be made of.</param>
    /// <param name="hasServices">True when the project references the abstractions of dependency injection.</param>
    /// <returns>What is missing; null when nothing is.</returns>
    public static Diagnostic? Missing(PlannedModel planned, bool hasAccessor, bool hasRuntime, bool hasServices)
    {
        ArgumentNullException.ThrowIfNull(planned);
        if (!planned.Embed.DependencyInjection)
            return null;
        var packages = new[] { hasRuntime ? null : s_newRuntime, hasServices ? null : Services }.OfType<string>().ToArray();
        var reason = planned.Embed.As == EmbedAs.None ? "it is not embedded: leave 'as: none' out"
            : !hasAccessor ? "only C# projects have accessors: register a session by hand"
            : packages.Length > 0 ? $"the project doesn't reference {string.Join(" and ", packages)}. Add {(packages.Length == 1 ? "it" : "them")}"
            : null;
        return reason is null ? null : new Diagnostic(DiagnosticCatalog.NoServices,
            $"There is no Add{planned.Embed.Class} for dependency injection of '{planned.Name}', because {reason}, "
            + "or take 'dependency-injection' away",
            new SourceLocation(planned.Profile));
    }
}
