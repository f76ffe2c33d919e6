using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>Each case of the ONNX project, upgraded to newer opsets, answers as the ONNX project expects of the old one, or is refused with the node named.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class OpsetUpgradeTests
{
    private static int s_upgraded;

    [TestCaseSource(typeof(BackendCases), nameof(BackendCases.All))]
    public void Answers_as_before(string folder)
    {
        var test = BackendTests.Load(folder);
        if (test.Check(test.Model) is { } flaw)
            Assert.Ignore($"the runtime doesn't answer as expected even without us: {flaw}");
        var refusals = new[] { 18, 21, OperatorCatalog.LatestOpset }.Select(version => Check(test, version)).OfType<string>().ToList();
        // Any other refusal is a missing adapter.
        Assert.That(refusals, Has.All.Contains("RoiAlign"), "only the operator without a kernel for its newer version is refused");
        if (refusals.Count > 0)
            Assert.Ignore(refusals[0]);
        Interlocked.Increment(ref s_upgraded);
    }

    [OneTimeTearDown]
    public void Tells_how_many() => TestContext.Progress.WriteLine($"ONNX backend tests: {s_upgraded} of {BackendCases.Folders.Count} cases upgraded to opset {OperatorCatalog.LatestOpset}");

    /// <returns>Why the model stays as it is; null when it was upgraded and answers right.</returns>
    private static string? Check(BackendCase test, long version)
    {
        var model = test.Model.Clone();
        try
        {
            PassContexts.Run(model, new UpgradeOpset(new UpgradeOpsetOptions { Version = version }));
        }
        catch (DiagnosticException e) when (e.Diagnostics[0].Descriptor == DiagnosticCatalog.OpsetNotUpgraded)
        {
            return e.Message;
        }
        Assert.That(model.Opset, Is.EqualTo(version));
        Assert.That(GraphVerifier.Verify(model), Is.Empty, "the graph is sound");
        if (test.Check(model) is { } flaw)
            Assert.Fail($"opset {version}: {flaw}\n{ModelPrinter.Print(model)}");
        return null;
    }
}
