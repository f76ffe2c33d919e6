using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>Every example of every help text works as it stands, in a folder that has the files it names.</summary>
[NonParallelizable]
internal sealed class ExampleTests
{
    private static IEnumerable<string> Examples() => HelpTests.AllExamples
        // These read files that a build or another command writes; the tests of those run them.
        .Where(example => example.Split(' ')[0] is not ("plan" or "embed" or "measure-memory"))
        .Distinct();

    [TestCaseSource(nameof(Examples))]
    public void An_example_works(string example)
    {
        var before = Environment.CurrentDirectory;
        using var folder = new TemporaryFolder();
        if (example.StartsWith("report", StringComparison.Ordinal))
            Cli.Run("optimize", Models.Classifier(folder), "--preset", "weights-int8", "-o", folder["small"]);
        Prepare(folder, withProfile: !example.StartsWith("init", StringComparison.Ordinal));
        try
        {
            Environment.CurrentDirectory = folder.Path;
            var run = Cli.Run(example.Split(' '));
            Assert.That(run.ExitCode, Is.Zero, run.Error);
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    private static void Prepare(TemporaryFolder folder, bool withProfile)
    {
        Models.Classifier(folder);
        Directory.CreateDirectory(folder["small"]);
        Models.Classifier(folder, "small.onnx");
        Models.Classifier(folder, "small/model.onnx");
        Npz.Write(folder["validation.npz"], ("x", Enumerable.Range(0, 8 * 64).Select(i => i % 7 - 3f).ToArray(), [8, 64]), ("labels", new long[8], [8]));
        if (withProfile)
            folder.Write("model-opt.yaml", """
                version: 1
                passes: [simplify, quantize-weights]
                evaluate: { data: validation.npz, labels: labels }
                budget: { size-ratio: 100% }
                """);
    }
}
