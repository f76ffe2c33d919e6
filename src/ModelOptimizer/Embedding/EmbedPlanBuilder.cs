using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>Decides how a model is embedded: metadata of the item first, then the profile, then what its file name suggests.</summary>
internal sealed class EmbedPlanBuilder(PlanRequest request, IDiagnosticSink sink)
{
    /// <returns>Null when an error was reported.</returns>
    public EmbedPlan? Build(RequestedModel item, EmbedSettings profile)
    {
        var name = Path.GetFileNameWithoutExtension(item.Model);
        var embedAs = Choice(item, "EmbedAs", item.EmbedAs, profile.As);
        var compression = Choice(item, "Compression", item.Compression, profile.Compression);
        var isCompressed = embedAs == EmbedAs.Resource && compression == EmbedCompression.Brotli;
        var extension = isCompressed ? ".onnx.br" : ".onnx";
        var className = item.ClassName ?? profile.Class ?? DefaultClass(name);
        var dependencyInjection = Flag(item, "DependencyInjection", item.DependencyInjection, profile.DependencyInjection);
        if (embedAs is null || compression is null || dependencyInjection is null || !CheckClass(item, className) || !CheckNamespace(item))
            return null;
        if (OverriddenSettings.Find(item, profile, Project) is { } overridden)
            sink.Report(overridden);
        return new EmbedPlan(embedAs.Value, isCompressed ? EmbedCompression.Brotli : EmbedCompression.None, className,
            CSharpNames.ToNamespace(item.Namespace ?? profile.Namespace ?? request.RootNamespace),
            item.LogicalName ?? name + extension, (item.Link ?? DefaultLink(item)).Replace('\\', '/'), Resource: name + extension,
            dependencyInjection.Value);
    }

    private SourceLocation? Project => request.ProjectFile is { } file ? new SourceLocation(file) : null;

    private static string DefaultClass(string name)
    {
        var pascal = CSharpNames.ToPascal(name);
        return pascal.EndsWith("Model", StringComparison.Ordinal) ? pascal : $"{pascal}Model";
    }

    /// <summary>Where the original lies in the project, so the copy lies in the output folder.</summary>
    private string DefaultLink(RequestedModel item)
    {
        var relative = Path.GetRelativePath(request.ProjectDirectory, Path.GetFullPath(item.Model, request.ProjectDirectory));
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? Path.GetFileName(relative) : relative;
    }

    private T? Choice<T>(RequestedModel item, string metadata, string? text, T otherwise) where T : struct, Enum
    {
        if (text is null)
            return otherwise;
        if (Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsDigit(text[0]))
            return value;
        Report(item, $"{metadata}='{text}' is none of {string.Join(", ", Enum.GetNames<T>())}");
        return null;
    }

    private bool? Flag(RequestedModel item, string metadata, string? text, bool otherwise)
    {
        if (text is null)
            return otherwise;
        if (bool.TryParse(text, out var value))
            return value;
        Report(item, $"{metadata}='{text}' is neither true nor false");
        return null;
    }

    private bool CheckClass(RequestedModel item, string name)
    {
        if (!CSharpNames.IsIdentifier(name))
            return Report(item, $"ClassName='{name}' is not a C# identifier");
        if (AccessorGenerator.Members.Contains(name))
            return Report(item, $"A class can't be called '{name}', because it has a member of that name");
        return true;
    }

    private bool CheckNamespace(RequestedModel item) => item.Namespace is not { } name || name.Split('.').All(CSharpNames.IsIdentifier)
        || Report(item, $"Namespace='{name}' is not a C# namespace");

    private bool Report(RequestedModel item, string message)
    {
        sink.Report(new Diagnostic(DiagnosticCatalog.InvalidMetadata, $"{item.Model}: {message}", Project));
        return false;
    }
}
