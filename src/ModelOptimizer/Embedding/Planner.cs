using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>Decides which models a project has and how each is made and embedded.</summary>
public sealed class Planner(IDiagnosticSink sink)
{
    /// <summary>Plans a project's models; every mistake is reported in one run.</summary>
    /// <param name="request">What the project says.</param>
    /// <returns>The plan; null when an error was reported.</returns>
    public ProjectPlan? Plan(PlanRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new ErrorFlag(sink);
        var profiles = new ProfileSet(request);
        var models = Resolve(request, profiles, errors);
        profiles.ReportMistakes(errors);

        var builder = new PlannedModelBuilder(request, errors);
        var planned = models.Select(entry => builder.Build(entry.Model, entry.Profile)).OfType<PlannedModel>().ToArray();
        CheckUnique(planned, request, errors);
        if (errors.Raised)
            return null;
        var watched = profiles.Files.Select(file => (Path: file, HashIt: true)).Concat(builder.ModelFiles.Select(file => (Path: file, HashIt: false)));
        return new ProjectPlan
        {
            Request = request.Digest,
            Watched = [.. watched.Select(file => builder.Watch(file.Path, file.HashIt))],
            Models = planned,
        };
    }

    private static List<(RequestedModel Model, LoadedProfile Profile)> Resolve(PlanRequest request, ProfileSet profiles, IDiagnosticSink sink)
    {
        var models = new List<(RequestedModel, LoadedProfile)>();
        foreach (var item in request.Models)
            if (profiles.For(item) is { } profile)
                models.Add((item, profile));
            else
                sink.Report(new Diagnostic(DiagnosticCatalog.ModelWithoutProfile,
                    $"The item '{item.Model}' names no profile, and no profile in the project has it as its model. "
                    + "Set its metadata Profile, or add a *.model-opt.yaml with 'model: " + item.Model + "'", ProjectLocation(request)));
        models.AddRange(profiles.Unclaimed(sink).Select(profile => (new RequestedModel(profile.Profile!.Model!), profile)));
        return models;
    }

    private static void CheckUnique(IReadOnlyList<PlannedModel> models, PlanRequest request, IDiagnosticSink sink)
    {
        Check(models.GroupBy(model => model.Name, StringComparer.OrdinalIgnoreCase), "would be written to the same file",
            "Give one of the model files another name");
        Check(models.Where(model => model.Embed.As != EmbedAs.None).SelectMany(Classes, (model, name) => (model, name))
                .GroupBy(pair => pair.name, pair => pair.model, StringComparer.Ordinal),
            "would have the same accessor", "Set 'class' or ClassName of one of them");

        static IEnumerable<string> Classes(PlannedModel model)
        {
            var name = $"{model.Embed.Namespace}.{model.Embed.Class}";
            return model.Embed.DependencyInjection ? [name, ServicesWriter.ClassName(name)] : [name];
        }

        void Check(IEnumerable<IGrouping<string, PlannedModel>> groups, string what, string advice)
        {
            foreach (var group in groups.Where(group => group.Skip(1).Any()))
                sink.Report(new Diagnostic(DiagnosticCatalog.SameOutputTwice,
                    $"{string.Join(" and ", group.Select(model => $"'{model.Model}' (by '{model.Profile}')"))} {what}, '{group.Key}'. {advice}",
                    ProjectLocation(request)));
        }
    }

    private static SourceLocation? ProjectLocation(PlanRequest request) => request.ProjectFile is { } file ? new SourceLocation(file) : null;

    private sealed class ErrorFlag(IDiagnosticSink inner) : IDiagnosticSink
    {
        public bool Raised { get; private set; }

        public void Report(Diagnostic diagnostic)
        {
            Raised |= diagnostic.Severity == Severity.Error;
            inner.Report(diagnostic);
        }
    }
}
