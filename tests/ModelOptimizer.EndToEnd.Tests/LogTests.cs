using System.Text.Json;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What a build leaves for CI systems, beside the messages in its own log.</summary>
[Category("EndToEnd")]
public sealed class LogTests
{
    [Test]
    public void A_summary_and_a_log_tell_of_each_model_that_is_made_and_nothing_of_a_build_with_nothing_to_do()
    {
        var app = Consumer.Small("logs");
        string[] logs = ["-p:ModelOptimizerSummaryFile=../ci/summary.md", "-p:ModelOptimizerErrorLog=../ci/models.sarif", "-p:ModelOptimizerSourceRoot=.."];

        app.Build(logs).ShouldSucceed();
        app.Build(logs).ShouldSucceed();

        Assert.That(Sections(app), Is.EqualTo(new[] { "### ✅ `small.onnx`" }));
        Assert.That(Results(app).Select(Told), Is.EqualTo(new[] { ("MO5001", "warning", "App/model-opt.yaml", 0) }));

        app.Write("model-opt.yaml", Consumer.SmallProfile + "\nbudget: { size: 1 KiB }\n");
        app.Build(logs).ShouldFailWith("MO6001");

        Assert.That(Sections(app), Is.EqualTo(new[] { "### ✅ `small.onnx`", "### ❌ `small.onnx`" }));
        Assert.That(Results(app).Select(Told), Does.Contain(("MO6001", "error", "App/model-opt.yaml", 5)));
    }

    private static IEnumerable<string> Sections(Consumer app) => File.ReadAllLines(Path.Combine(app.Root, "ci", "summary.md"))
        .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line.Split(':')[0]);

    private static JsonElement.ArrayEnumerator Results(Consumer app) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(app.Root, "ci", "models.small.sarif")))
        .RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray();

    private static (string?, string?, string?, int) Told(JsonElement result)
    {
        var place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
        return (result.GetProperty("ruleId").GetString(), result.GetProperty("level").GetString(), place.GetProperty("artifactLocation")
            .GetProperty("uri").GetString(),
            place.TryGetProperty("region", out var region) ? region.GetProperty("startLine").GetInt32() : 0);
    }
}
