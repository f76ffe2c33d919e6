using ModelOptimizer.Embedding;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>Generated runners run: inputs of every form and type reach the model, and its outputs come back with their types.</summary>
public sealed class RunnerTests
{
    private const string Numbers = "new float[] { 1, 2, 3, 4, 5, 6 }, new long[] { 7, 8, 9, 10 }, 2f, new Float16[] { (Float16)1f, (Float16)2f, (Float16)3f }, "
        + "new[] { \"a\", null!, \"ü\" }, batch: 2";

    private const string Expected = "2,4,6,8,10,12|2,3|7,8,9,10|1,2,3|3|a,,ü";

    [TestCase(Numbers, Expected)]
    [TestCase("stackalloc float[] { 1, 2, 3, 4, 5, 6 }, new long[] { 7, 8, 9, 10 }, 2f, new Float16[] { (Float16)1f, (Float16)2f, (Float16)3f }, "
        + "[\"a\", \"\", \"ü\"], batch: 2", Expected)]
    [TestCase("new float[0], new long[0], 2f, new Float16[] { (Float16)1f, (Float16)2f, (Float16)3f }, new[] { \"a\", \"\", \"ü\" }, batch: 0", "|0,3||1,2,3|3|a,,ü")]
    public void Arrays_and_spans_run_the_model(string arguments, string expected) =>
        Assert.That(Run($"using var result = runner.Run({arguments}); return Show(result);"), Is.EqualTo(expected));

    [Test]
    public void Values_of_the_runtime_stay_the_callers() => Assert.That(Run("""
        using var x = OrtValue.CreateTensorValueFromMemory(new float[] { 1, 2, 3 }, [1, 3]);
        using var ids = OrtValue.CreateTensorValueFromMemory(new long[] { 7, 8 }, [1, 2]);
        using var scale = OrtValue.CreateTensorValueFromMemory(new float[] { 10 }, []);
        using var half = OrtValue.CreateTensorValueFromMemory(new Float16[3], [3]);
        using var texts = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [3]);
        using (runner.Run(x, ids, scale, half, texts)) { }
        using var result = runner.Run(x, ids, scale, half, texts);
        return Show(result);
        """), Is.EqualTo("10,20,30|1,3|7,8|0,0,0|3|,,"));

    [TestCase("new float[5], new long[4], 2f, new Float16[3], new string[3], 2",
        "Input 'x' takes 6 elements for the shape [2,3], but 5 are given.")]
    [TestCase("new float[6], new long[4], 2f, new Float16[3], new string[2], 2",
        "Input 'texts' takes 3 elements for the shape [3], but 2 are given.")]
    [TestCase("new float[6], new long[4], 2f, new Float16[3], new string[3], -2", "Input 'x' can't have the shape [-2,3].")]
    [TestCase("new float[6], new long[4], 2f, new Float16[3], new string[3], long.MaxValue",
        "Input 'x' takes 9223372036854775807 elements for the shape [9223372036854775807,3], but 6 are given.")]
    public void Wrong_counts_are_told_by_the_inputs_name(string arguments, string message) => Assert.That(
        Run($"try {{ runner.Run({arguments}); }} catch (System.ArgumentException e) {{ return e.Message; }} return null;"), Is.EqualTo(message));

    [Test]
    public void A_value_that_is_missing_is_told_by_its_name() => Assert.That(
        Run("""
            using var x = OrtValue.CreateTensorValueFromMemory(new float[3], [1, 3]);
            try { runner.Run(x, x, null!, x, x); } catch (System.ArgumentNullException e) { return e.ParamName!; } return "";
            """), Is.EqualTo("scale"));

    [Test]
    public void Many_threads_run_at_once() => Assert.That(Run($$"""
        var same = true;
        System.Threading.Tasks.Parallel.For(0, 200, i =>
        {
            using var result = runner.Run(new float[] { i, i, i }, new long[] { i, i }, 2f, new Float16[3], new string[3], 1);
            if (result.Y[2] != 2 * i || result.IdsOut[1] != i)
                same = false;
        });
        return same.ToString();
        """), Is.EqualTo("True"));

    [Test]
    public void After_its_end_a_result_refuses_rather_than_reads_freed_memory() => Assert.That(Run($$"""
        var result = runner.Run({{Numbers}});
        result.Dispose();
        result.Dispose();
        try { return result.Y.Length.ToString(); } catch (System.ObjectDisposedException) { return "refused"; }
        """), Is.EqualTo("refused"));

    [Test]
    public void A_model_without_inputs_runs_and_its_container_makes_one_runner()
    {
        var graph = new GraphBuilder();
        graph.Output("y", graph.Op("Add", graph.Initializer("a", [1], 1), graph.Initializer("b", [1], 2)), new TensorType(DataType.Float, Shape.Of(1)));
        Assert.That(Run(graph.Build(), """
            using var services = new ServiceCollection().AddLanguageModel(options => options.IntraOpNumThreads = 1).BuildServiceProvider();
            var runner = services.GetRequiredService<LanguageModel.Runner>();
            using var result = runner.Run();
            return result.Y[0] + " " + ReferenceEquals(runner, services.GetRequiredService<LanguageModel.Runner>());
            """), Is.EqualTo("3 True"));
    }

    /// <param name="body">Uses <c>runner</c> and returns a text.</param>
    private static string Run(string body) => Run(Mixed(), $"using var runner = new LanguageModel.Runner();\n{body}", """
        static string Show(LanguageModel.Result result) => string.Join("|", Join(result.Y), Join<long>(result.YShape), Join(result.IdsOut), Join<float>(System.Array.ConvertAll(result.HalfOut.ToArray(), half => half.ToFloat())),
            Join<long>(result.HalfOutShape), string.Join(",", result.TextsOut));
        static string Join<T>(System.ReadOnlySpan<T> span) => string.Join(",", span.ToArray());
        """);

    private static string Run(OnnxModel model, string body, string members = "")
    {
        var bytes = ModelWriter.ToBytes(model);
        var settings = GeneratedCode.Settings(ModelSignature.Of(model)) with { HasOnnxRuntime = true, HasDependencyInjection = true };
        return GeneratedCode.Run(settings, bytes, $$"""
            using App.Models;
            using Microsoft.Extensions.DependencyInjection;
            using Microsoft.ML.OnnxRuntime;
            public static class Program
            {
                public static string Run()
                {
                    {{body}}
                }
                {{members}}
            }
            """);
    }

    /// <summary>Numbers of three types, a scalar and texts; two inputs share the length of their first axis.</summary>
    private static OnnxModel Mixed()
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", DataType.Float, new(null, "batch"), 3);
        var ids = graph.Input("ids", DataType.Int64, new(null, "batch"), 2);
        var scale = graph.Input("scale", DataType.Float);
        var half = graph.Input("half", DataType.Float16, 3);
        var texts = graph.Input("texts", DataType.String, 3);
        graph.Output("y", graph.Op("Mul", x, scale), x.Type);
        graph.Output("ids.out", graph.Op("Identity", ids), ids.Type);
        graph.Output("half_out", graph.Op("Identity", half), half.Type);
        graph.Output("texts out", graph.Op("Identity", texts), texts.Type);
        return graph.Build();
    }
}
