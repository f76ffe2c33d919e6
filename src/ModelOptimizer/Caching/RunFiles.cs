using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Caching;

/// <summary>One file that a run reads.</summary>
/// <param name="Role">What for.</param>
/// <param name="Length">In bytes, when it was listed.</param>
/// <param name="Changed">When it was last changed, as of then.</param>
internal sealed record RunFile(string Role, string Path, long Length, DateTime Changed)
{
    public static RunFile Of(string role, string path)
    {
        var file = new FileInfo(path);
        return new(role, path, file.Length, file.LastWriteTimeUtc);
    }
}

/// <summary>Every file whose contents decide on the result, in an order that depends on the profile alone.</summary>
internal static class RunFiles
{
    /// <summary>Of the files of the original.</summary>
    public const string ModelRole = "model";

    /// <exception cref="DiagnosticException">A file is missing.</exception>
    /// <exception cref="InvalidModelException">The model can't be read.</exception>
    public static IReadOnlyList<RunFile> Of(OptimizationRequest request)
    {
        var model = SavedModel.SourceOf(OnnxModel.Load(request.ModelPath))!;
        var (calibration, evaluate) = (request.Profile.Calibration, request.Profile.Evaluate);
        return
        [
            .. model.Select(path => RunFile.Of(ModelRole, path)),
            .. Data("calibration", calibration),
            .. (calibration?.Ranges is { } ranges ? new[] { RunFile.Of("ranges", ranges) } : []),
            .. Data("evaluate", evaluate),
            .. Labels(evaluate),
        ];
    }

    private static IEnumerable<RunFile> Data(string role, DataSettings? settings) => settings is null ? [] :
    [
        .. DataFiles.Expand(settings.Data, settings.Location).Select(path => RunFile.Of($"{role} data", path)),
        .. Pictures(settings).Select(path => RunFile.Of($"{role} image", path)),
        .. DataFiles.Expand(settings.Text, DataFiles.Texts, settings.Location).Select(path => RunFile.Of($"{role} text", path)),
        .. settings.TokenizerFiles.Select(path => RunFile.Of($"{role} tokenizer", path)),
    ];

    /// <summary>The labels of pictures lie beside them.</summary>
    private static IEnumerable<RunFile> Labels(EvaluateSettings? settings) => settings is not { Labels: { } labels } ? [] :
        Pictures(settings).Select(picture => Path.Combine(Path.GetDirectoryName(picture)!, EvaluateSettings.LabelFile(labels)))
            .Distinct().Where(File.Exists).Select(path => RunFile.Of("labels", path));

    private static IReadOnlyList<string> Pictures(DataSettings settings) => DataFiles.Expand(settings.Images, DataFiles.Images, settings.Location);
}
