using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>
/// Each case of the ONNX project computed in float16, every operator of it that has such a form and what surrounds bodies: it loads, runs, and
/// answers as float16 can. So the table of operators is held against the runtime.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class Float16Tests
{
    /// <summary>Of about 1e-4 + 1e-3·|expected|: float16 has 11 bits, and sums of both signs lose some.</summary>
    private const float Looseness = 20;

    /// <summary>They jump where neighbours that float16 can't tell apart part.</summary>
    private static readonly HashSet<string> s_discontinuous =
        ["ArgMax", "ArgMin", "Cast", "CastLike", "Ceil", "Equal", "Floor", "Greater", "GreaterOrEqual", "Hardmax", "IsInf", "Less", "LessOrEqual", "Mod", "Round", "Sign", "TopK"];

    private static int s_converted;

    [TestCaseSource(typeof(BackendCases), nameof(BackendCases.All))]
    public void Answers_as_float16_can(string folder)
    {
        var test = BackendTests.Load(folder);
        if (test.Check(test.Model) is { } flaw)
            Assert.Ignore($"the runtime doesn't answer as expected even without us: {flaw}");
        Assert.Multiple(() =>
        {
            Check(test, test.Model, "as it is");
            if (test.WithConstantInputs(keep: 1) is { } weights)
                Check(test, weights, "all inputs but the first constant");
        });
    }

    [OneTimeTearDown]
    public void Tells_how_many() => TestContext.Progress.WriteLine($"ONNX backend tests: {s_converted} times something was computed in float16");

    private static void Check(BackendCase test, OnnxModel form, string name)
    {
        var model = form.Clone();
        var operators = GraphWalker.Nodes(model).Select(node => node.OpType).Distinct().ToList();
        var pass = new ConvertFloat16(new() { Form = HalfForm.Compute, Operators = operators, MinElements = int.MaxValue });
        if (PassContexts.Run(model, pass).Rewrites.Count > 0)
            Interlocked.Increment(ref s_converted);
        Assert.That(GraphVerifier.Verify(model), Is.Empty, $"{name}: the graph is sound");
        var jumps = operators.Exists(s_discontinuous.Contains);
        if (test.Check(model, Looseness) is { } flaw && !(jumps && flaw.StartsWith("output", StringComparison.Ordinal)))
            Assert.Fail($"{name}: {flaw}\n{ModelPrinter.Print(model)}");
    }
}
