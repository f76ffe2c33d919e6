using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>
/// What ONNX Runtime computes as the ONNX project expects, it must still compute after optimization: each case as it is, with all inputs
/// but the first made constants, and with all of them constants, through each pipeline.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class BackendTests
{
    /// <summary>Of the 1072 cases of the ONNX project's version 1.12; fewer would mean that the comparison itself broke.</summary>
    private const int FewestThatRun = 900;

    private static int s_ran;
    private static int s_rewritten;

    [TestCaseSource(typeof(BackendCases), nameof(BackendCases.All))]
    public void Answers_as_before(string folder)
    {
        var test = Load(folder);
        if (test.Check(test.Model) is { } flaw)
            Assert.Ignore($"the runtime doesn't answer as expected even without us: {flaw}");
        Interlocked.Increment(ref s_ran);
        Assert.Multiple(() =>
        {
            foreach (var (form, model) in Forms(test))
                foreach (var pipeline in Pipelines.Whole)
                    Check(test, model, pipeline, $"{pipeline}, {form}");
        });
    }

    [OneTimeTearDown]
    public void Most_cases_ran()
    {
        var (all, result) = (BackendCases.Folders.Count, TestContext.CurrentContext.Result);
        TestContext.Progress.WriteLine($"ONNX backend tests: {s_ran} of {all} cases run without optimization, {result.PassCount} with it; {s_rewritten} times something was rewritten");
        if (result.PassCount + result.FailCount + result.SkipCount == all && all > 0)
            Assert.That(s_ran, Is.GreaterThanOrEqualTo(FewestThatRun));
    }

    internal static BackendCase Load(string folder)
    {
        try
        {
            return BackendCase.Load(folder);
        }
        catch (Exception e) when (e is OnnxRuntimeException or NotSupportedException)
        {
            Assert.Ignore($"the runtime doesn't run it even without us: {e.Message}");
            throw;
        }
    }

    private static IEnumerable<(string Name, OnnxModel Model)> Forms(BackendCase test)
    {
        yield return ("as it is", test.Model);
        if (test.WithConstantInputs(keep: 1) is { } weights)
            yield return ("all inputs but the first constant", weights);
        if (test.WithConstantInputs(keep: 0) is { } all)
            yield return ("all inputs constant", all);
    }

    private static void Check(BackendCase test, OnnxModel form, Pipeline pipeline, string name)
    {
        var model = form.Clone();
        if (PassContexts.Run(model, pipeline.Passes).Rewrites.Count > 0)
            Interlocked.Increment(ref s_rewritten);
        Assert.That(GraphVerifier.Verify(model), Is.Empty, $"{name}: the graph is sound");
        if (test.Check(model) is { } flaw && test.Check(form) is null)
            Assert.Fail($"{name}: {flaw}\n{ModelPrinter.Print(model)}");
    }
}
