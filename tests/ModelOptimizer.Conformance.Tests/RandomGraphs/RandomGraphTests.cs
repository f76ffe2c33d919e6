using System.Collections.Concurrent;
using System.Globalization;
using CsCheck;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>
/// Small models of every kind of step at random answer the same after every pass and every pipeline. The models are the same at every run;
/// <c>MODEL_OPTIMIZER_RANDOM_GRAPHS=FIRST-LAST</c> looks at others.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class RandomGraphTests
{
    private const string Variable = "MODEL_OPTIMIZER_RANDOM_GRAPHS";
    private const ulong Seed = 20261124;

    private static readonly Pipeline[] s_pipelines = [.. Pipelines.EachPass, .. Pipelines.Whole];

    /// <summary>How many models each pipeline changed.</summary>
    private static readonly ConcurrentDictionary<string, int> s_changed = [];

    private static IEnumerable<int> Numbers
    {
        get
        {
            var range = (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : "0-299").Split('-');
            var (first, last) = (int.Parse(range[0], CultureInfo.InvariantCulture), int.Parse(range[^1], CultureInfo.InvariantCulture));
            return Enumerable.Range(first, last - first + 1);
        }
    }

    [TestCaseSource(nameof(Numbers))]
    public void Answers_the_same_after_every_pass(int number)
    {
        var recipe = RandomGraph.Any.Generate(new PCG((uint)number, Seed), null, out _);
        var subject = new Subject(recipe.Build());
        foreach (var pipeline in s_pipelines)
        {
            var (isChanged, flaw) = subject.Run(pipeline);
            if (flaw is not null)
                Assert.Fail(Report(Smallest(recipe, pipeline), pipeline));
            s_changed.AddOrUpdate(pipeline.Name, isChanged ? 1 : 0, (_, count) => count + (isChanged ? 1 : 0));
        }
    }

    /// <summary>Tells what the models don't reach, for those who add rules.</summary>
    [OneTimeTearDown]
    public void Tell_what_was_reached() => TestContext.Progress.WriteLine("random graphs changed by each pass: "
        + string.Join(", ", s_changed.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} {entry.Value}")));

    /// <summary>Leaves steps out for as long as the passes still fail on the rest.</summary>
    private static RandomGraph Smallest(RandomGraph recipe, Pipeline pipeline)
    {
        for (var i = recipe.Steps.Length - 1; i >= 0; i--)
        {
            var fewer = recipe with { Steps = [.. recipe.Steps[..i], .. recipe.Steps[(i + 1)..]] };
            if (IsFlawed(fewer, pipeline))
                recipe = fewer;
        }
        return recipe;
    }

    private static bool IsFlawed(RandomGraph recipe, Pipeline pipeline)
    {
        try
        {
            return recipe.Steps.Length > 0 && new Subject(recipe.Build()).Run(pipeline).Flaw is not null;
        }
        catch (InferenceException)
        {
            return false;
        }
    }

    private static string Report(RandomGraph recipe, Pipeline pipeline)
    {
        var subject = new Subject(recipe.Build());
        var after = subject.Model.Clone();
        var flaw = subject.Run(pipeline).Flaw;
        var log = flaw!.StartsWith("Diag", StringComparison.Ordinal) ? [] : PassContexts.Run(after, pipeline.Passes).Rewrites;
        return $"{pipeline}: {flaw}\n{ModelPrinter.Print(subject.Model)}\n{string.Join('\n', log)}\n{ModelPrinter.Print(after)}";
    }
}
