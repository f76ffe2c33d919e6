using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Caching;

/// <summary>A place that another checkout has, too.</summary>
/// <param name="Anchor">A setting of the profile, or the number of a file that the run reads.</param>
/// <param name="Line">In that file; for a setting the profile itself tells.</param>
internal sealed record RunPlace(string Anchor, int Line, int Column);

/// <summary>Translates places: those of a finished run into such that last, and those into the files of the run at hand.</summary>
internal sealed class RunPlaces
{
    private readonly Dictionary<string, SourceLocation> _settings = [];
    private readonly Dictionary<SourceLocation, string> _anchors = [];
    private readonly OptimizationRequest _request;
    private readonly IReadOnlyList<RunFile> _files;

    public RunPlaces(OptimizationRequest request, IReadOnlyList<RunFile> files)
    {
        (_request, _files) = (request, files);
        foreach (var (path, value) in RunIdentity.Settings(request.Profile))
            if (value is SourceLocation location)
            {
                _settings.Add(path, location);
                _anchors.TryAdd(location, path);
            }
    }

    /// <returns>Null for a place that a run elsewhere may lack.</returns>
    public RunPlace? Find(SourceLocation location)
    {
        if (_anchors.TryGetValue(location, out var anchor))
            return new(anchor, 0, 0);
        if (IsSame(location.File, _request.OutputPath))
            return new("output", location.Line, location.Column);
        for (var i = 0; i < _files.Count; i++)
            if (IsSame(location.File, _files[i].Path))
                return new($"file {i}", location.Line, location.Column);
            else if (IsSame(location.File, FolderOf(_files[i])))
                return new($"folder {i}", location.Line, location.Column);
        return null;
    }

    /// <exception cref="PoisonedEntryException">The run at hand has no such place.</exception>
    public SourceLocation Resolve(RunPlace place) => _settings.GetValueOrDefault(place.Anchor) ?? place.Anchor.Split(' ') switch
    {
        ["output"] => At(_request.OutputPath),
        ["file", var number] => At(File(number).Path),
        ["folder", var number] => At(FolderOf(File(number))),
        _ => throw Unknown(place.Anchor),
    } with { Line = place.Line, Column = place.Column };

    private RunFile File(string number) =>
        int.TryParse(number, out var index) && index >= 0 && index < _files.Count ? _files[index] : throw Unknown(number);

    private static SourceLocation At(string file) => new(file);

    private static string FolderOf(RunFile file) => Path.GetDirectoryName(file.Path)!;

    private static bool IsSame(string a, string b) => a == b || (a.Length > 0 && b.Length > 0 && Path.GetFullPath(a) == Path.GetFullPath(b));

    private static PoisonedEntryException Unknown(string anchor) => new($"it tells of a place '{anchor}' that this run has not");
}
