using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>
/// Runs the pipelines without loss over all real models at hand and writes <c>results.md</c> beside the benchmarks: nodes, bytes, deviation of the
/// outputs and time. Fails when a pass moves an output further than its effect allows.
/// </summary>
internal static class ResultsCommand
{
    private static readonly Simplify Simplify = new(new SimplifyOptions());
    private static readonly Fuse Standard = new(new FuseOptions());
    private static readonly Fuse Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    /// <param name="only">Names of models; none means all.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> only)
    {
        if (SharedModels.Folder is not { } folder)
        {
            Console.Error.WriteLine("There are no models: set MODEL_OPTIMIZER_MODELS to their folder");
            return 2;
        }
        var (pipelines, passes) = (new List<PipelineResult>(), new List<PassResult>());
        foreach (var path in Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
            if (only.Count == 0 || only.Contains(Path.GetFileNameWithoutExtension(path)))
                Measure(new ModelUnderTest(path), pipelines, passes);
        var report = ResultsReport.Write(pipelines, passes);
        Console.WriteLine(report);
        if (only.Count == 0)
            File.WriteAllText(Path.Combine(Repository.Root, "tests", "ModelOptimizer.Benchmarks", "results.md"), report);
        return Violations(pipelines, passes);
    }

    private static void Measure(ModelUnderTest test, List<PipelineResult> pipelines, List<PassResult> passes)
    {
        Console.Error.WriteLine(test.Name);
        pipelines.Add(PipelineResult.Measure(test, "simplify", Simplify));
        pipelines.Add(PipelineResult.Measure(test, "simplify, fuse", Simplify, Standard));
        pipelines.Add(PipelineResult.Measure(test, "simplify, fuse (contrib)", Simplify, Contrib));
        var model = test.Original.Clone();
        passes.AddRange(PassResult.Measure(test, model, Simplify));
        passes.AddRange(PassResult.Measure(test, model, Contrib));
    }

    private static int Violations(List<PipelineResult> pipelines, List<PassResult> passes)
    {
        foreach (var pass in passes.Where(pass => !pass.IsWithinEffect))
            Console.Error.WriteLine($"{pass.Pass.Name} on {pass.Test.Name}: {pass.Deviation} is more than {pass.Pass.Effect} allows");
        foreach (var result in pipelines.Where(result => !result.IsWithinEffect))
            Console.Error.WriteLine($"{result.Pipeline} on {result.Test.Name}: {result.Deviation} is more than {result.Effect} allows");
        return passes.All(pass => pass.IsWithinEffect) && pipelines.All(result => result.IsWithinEffect) ? 0 : 1;
    }
}
