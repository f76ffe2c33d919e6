using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>Real models that a development machine may have in a folder beside the repository.</summary>
public static class SharedModels
{
    /// <summary>The folder, from <c>MODEL_OPTIMIZER_MODELS</c> or <c>../shared/models</c>; null where there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>The models as test cases; one case that says why it skips where there are none.</summary>
    public static IEnumerable<TestCaseData> All
    {
        get
        {
            if (Folder is null)
                return [new TestCaseData("").SetArgDisplayNames("no models").Ignore(
                    "No folder of real models: set MODEL_OPTIMIZER_MODELS to one")];
            return Directory.GetFiles(Folder, "*.onnx").Order(StringComparer.Ordinal)
                .Select(path => new TestCaseData(path).SetArgDisplayNames(Path.GetFileName(path)));
        }
    }

    /// <summary>The path of one model; the test skips, saying so, where it is not at hand.</summary>
    public static string Require(string fileName)
    {
        var path = Folder is null ? null : Path.Combine(Folder, fileName);
        if (path is null || !File.Exists(path))
            Assert.Ignore($"{fileName} is not at hand: set MODEL_OPTIMIZER_MODELS to a folder that has it");
        return path!;
    }

    private static string? Find()
    {
        var folder = Environment.GetEnvironmentVariable("MODEL_OPTIMIZER_MODELS") is { Length: > 0 } named
            ? named
            : Path.Combine(Repository.Root, "..", "shared", "models");
        return Directory.Exists(folder) ? Path.GetFullPath(folder) : null;
    }
}
