using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Embedding;

/// <summary>Joins what an item and its profile say of one model; the item wins.</summary>
internal sealed class PlannedModelBuilder(PlanRequest request, IDiagnosticSink sink)
{
    private readonly SortedSet<string> _modelFiles = new(StringComparer.Ordinal);

    /// <summary>The models met, with their external data.</summary>
    public IEnumerable<string> ModelFiles => _modelFiles;

    /// <returns>Null when an error was reported.</returns>
    public PlannedModel? Build(RequestedModel item, LoadedProfile loaded)
    {
        var model = Path.GetFullPath(item.Model, request.ProjectDirectory);
        var embed = new EmbedPlanBuilder(request, sink).Build(item, loaded.Profile?.Embed ?? new EmbedSettings());
        if (Files(model, loaded.ModelLocation) is not { } files || loaded.Profile is not { } profile || embed is null)
            return null;
        _modelFiles.UnionWith(files);
        var name = Path.GetFileNameWithoutExtension(model);
        return new PlannedModel(name, Relative(model), Relative(loaded.Path),
            Inputs: [.. files.Concat(profile.Files.Select(Full)).Select(Relative)],
            Data: [.. Data(profile).Select(Full).Distinct().Select(Relative)],
            Output: $"{name}.onnx", Accessor: $"{name}.g.cs", IsOneFile(files) ? embed : AsOneFile(embed));
    }

    private static IEnumerable<string> Data(OptimizationProfile profile) =>
        [.. profile.Calibration?.Sources ?? [], .. profile.Calibration?.Ranges is { } ranges ? [ranges] : Array.Empty<string>(), .. profile.Evaluate?.Sources ?? []];

    /// <summary>As far as can be told before the run: data stays outside where it was, or goes there from the writer's limit on.</summary>
    private static bool IsOneFile(IReadOnlyList<string> files) => files.Count == 1 && new FileInfo(files[0]).Length < new SaveOptions().InlineLimit;

    /// <summary>A resource is one file: it can't be the optimized model itself, which has its data beside it.</summary>
    private static EmbedPlan AsOneFile(EmbedPlan embed) => embed is { As: EmbedAs.Resource, Compression: EmbedCompression.None }
        ? embed with { Resource = $"whole/{embed.Resource}" }
        : embed;

    public WatchedFile Watch(string path, bool hashIt)
    {
        var file = new FileInfo(path);
        return new WatchedFile(Relative(path), file.Length, file.LastWriteTimeUtc.Ticks, hashIt ? FileDigest.Of(path).Sha256 : null);
    }

    private IReadOnlyList<string>? Files(string model, SourceLocation? location)
    {
        try
        {
            return [model, .. OnnxModel.Load(model).ExternalFiles];
        }
        catch (InvalidModelException e)
        {
            sink.Report(e.ToDiagnostic(location));
            return null;
        }
    }

    private string Full(string path) => Path.GetFullPath(path, request.ProjectDirectory);

    private string Relative(string path) => Path.GetRelativePath(request.ProjectDirectory, path).Replace('\\', '/');
}
