using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Runtimes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Runtimes;

/// <summary>What a referenced runtime lacks is told before a program fails to load its model.</summary>
public sealed class RuntimeCheckTests
{
    private static readonly RuntimeTable Table = RuntimeTable.Parse(new StringReader("""
        release 1.10 15 2 8 documented   # a comment
        release 1.20 21 4 10 documented
        release 1.30 26 5 13 measured
        operator com.microsoft.MatMulNBits 1.20 documented
        operator com.microsoft.QuickGelu 1.20.2 documented
        operator com.microsoft.MatMulNBits bits=2 input1=uint8 1.30 documented
        """));

    [TestCase("1.10.0")]
    [TestCase("1.10.7-dev.3+build")]
    [TestCase("1.15.1")]
    public void What_a_runtime_loads_is_not_spoken_of(string version) => Assert.That(Check(Model(15, 8), version), Is.Empty);

    [Test]
    public void A_newer_opset_is_told_with_the_first_runtime_that_has_it() => Assert.That(Check(Model(21, 8), "1.15.1"), Is.EqualTo(new[]
    {
        "p.yaml : warning MO8011: 'm' has opset 21, and ONNX Runtime 1.15.1, which the project references, loads up to 15. "
        + "Reference Microsoft.ML.OnnxRuntime 1.20 or newer, or leave out what raises it ('upgrade-opset', 'target-opset', 'format: standard'), or export the original for an older opset",
    }));

    [Test]
    public void An_opset_that_no_release_is_known_for_names_none() =>
        Assert.That(Check(Model(40, 8), "1.30.5").Single(), Does.StartWith("p.yaml : warning MO8011:").And.Contain("No release is known that does"));

    [Test]
    public void The_opset_of_a_function_counts()
    {
        var graph = new GraphBuilder(15);
        graph.Function("local", "F", 1, (inner, inputs) => [inner.Op("Relu", inputs[0])], opset: 21);
        graph.Output("y", graph.Op("local.F", graph.Input("x", DataType.Float, 1)));
        Assert.That(Check(graph.Build(), "1.10"), Has.One.Contain("has opset 21"));
    }

    [Test]
    public void A_newer_format_is_told() => Assert.That(Check(Model(15, 10), "1.10.0").Single(),
        Does.Contain("warning MO8012: 'm' has IR version 10").And.Contain("reads up to 8. Reference Microsoft.ML.OnnxRuntime 1.20 or newer"));

    [TestCase(4, "1.10.0",
        ExpectedResult = "has 2 of com.microsoft.MatMulNBits ('first'), which came with ONNX Runtime 1.20, and the project references 1.10.0")]
    [TestCase(4, "1.20.0", ExpectedResult = null)]
    [TestCase(2, "1.20.0", ExpectedResult =
        "has 2 of com.microsoft.MatMulNBits (bits=2, input1=uint8) ('first'), which came with ONNX Runtime 1.30, and the project references 1.20.0")]
    [TestCase(2, "1.30.0", ExpectedResult = null)]
    public string? An_operator_or_form_that_came_later_is_told_once(int bits, string version)
    {
        var found = Check(Products(bits), version);
        Assert.That(found, Has.Length.LessThanOrEqualTo(1).And.All.Contain("warning MO8013: 'm'").And.All.Contain("format: standard"));
        return found.FirstOrDefault()?.Split("'m' ")[1].Split(". Reference")[0];
    }

    [TestCase("1.20.1", true)]
    [TestCase("1.20.2", false)]
    public void An_operator_may_come_with_a_patch(string version, bool isTold)
    {
        var graph = new GraphBuilder(15);
        graph.Output("y", graph.Op("com.microsoft.QuickGelu", graph.Input("x", DataType.Float, 1)));
        Assert.That(Check(graph.Build(), version).Any(found => found.Contains("came with ONNX Runtime 1.20.2", StringComparison.Ordinal)), Is.EqualTo(isTold));
    }

    [Test]
    public void A_runtime_newer_than_the_table_loads_what_the_last_one_does_and_of_more_nothing_is_claimed()
    {
        Assert.That(Check(Model(26, 13), "1.31.0"), Is.Empty);
        Assert.That(Check(Model(27, 13), "1.31.0").Single(), Does.StartWith("p.yaml : info MO8014: Whether ONNX Runtime 1.31.0 loads 'm' can't be told"));
    }

    [TestCase("1.9.9")]
    [TestCase("preview")]
    public void Of_a_runtime_older_than_the_table_nothing_is_claimed(string version) =>
        Assert.That(Check(Model(15, 8), version).Single(), Does.Contain("info MO8014"));

    [Test]
    public void Repeated_checks_say_the_same_in_the_same_order()
    {
        var first = Check(Products(2, opset: 30, irVersion: 20), "1.10.0");
        Assert.That(first, Has.Length.EqualTo(3));
        Assert.That(Check(Products(2, opset: 30, irVersion: 20), "1.10.0"), Is.EqualTo(first));
    }

    private static string[] Check(OnnxModel model, string version) =>
        [.. RuntimeCheck.Check(Table, model, "m", version, new SourceLocation("p.yaml")).Select(found => found.ToString())];

    private static OnnxModel Model(long opset, long irVersion)
    {
        var graph = new GraphBuilder(opset, irVersion);
        graph.Output("y", graph.Op("Relu", graph.Input("x", DataType.Float, 1)));
        return graph.Build();
    }

    /// <summary>Two products with packed weights; one form of them came later.</summary>
    private static OnnxModel Products(int bits, long opset = 15, long irVersion = 8)
    {
        var graph = new GraphBuilder(opset, irVersion);
        var x = graph.Input("x", DataType.Float, 1, 16);
        foreach (var name in new[] { "first", "second" })
        {
            var codes = graph.Initializer($"{name}_codes", Tensor.Create(DataType.UInt8, [16, 1, 2 * bits], new byte[32 * bits]));
            var product = graph.Node("com.microsoft.MatMulNBits", [x, codes, graph.Initializer($"{name}_scales", [16], new float[16])], 1,
                ("K", 16L), ("N", 16L), ("bits", (long)bits), ("block_size", 16L));
            product.Name = name;
            x = product.Output();
        }
        graph.Output("y", x);
        return graph.Build();
    }
}
