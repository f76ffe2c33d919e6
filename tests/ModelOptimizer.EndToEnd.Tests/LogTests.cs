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

    [Test]
    public void With_several_frameworks_the_summary_names_each_model_once()
    {
        var app = Consumer.Small("logs-multi");
        app.Write("App.csproj", Consumer.Project("<TargetFrameworks>;\n net10.0;netstandard2.0</TargetFrameworks>"));
        app.Write("Program.cs", "");

        app.Build("-p:ModelOptimizerSummaryFile=../ci/summary.md").ShouldSucceed();

        Assert.That(Sections(app), Is.EqualTo(new[] { "### ✅ `small.onnx`" }));
    }

    [Test]
    public void What_planning_finds_stands_in_a_log_until_it_is_mended()
    {
        var app = Consumer.Small("logs-plan");
        string[] logs = ["-p:ModelOptimizerErrorLog=../ci/models.sarif", "-p:ModelOptimizerSourceRoot=.."];
        app.Build(logs).ShouldSucceed();
        Assert.That(Results(app, "models.sarif"), Is.Empty);

        app.Edit("model-opt.yaml", "passes", "pases");
        app.Build(logs).ShouldFailWith("MO1004");
        Assert.That(Results(app, "models.sarif").Select(Told), Does.Contain(("MO1004", "error", "App/model-opt.yaml", 3)));

        app.Edit("model-opt.yaml", "pases", "passes");
        app.Build(logs).ShouldSucceed();
        Assert.That(Results(app, "models.sarif"), Is.Empty);
    }

    private static IEnumerable<string> Sections(Consumer app) => File.ReadAllLines(Path.Combine(app.Root, "ci", "summary.md"))
        .Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line.Split(':')[0]);

    private static JsonElement.ArrayEnumerator Results(Consumer app, string log = "models.small.sarif") =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(app.Root, "ci", log)))
        .RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray();

    private static (string?, string?, string?, int) Told(JsonElement result)
    {
        var place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
        return (result.GetProperty("ruleId").GetString(), result.GetProperty("level").GetString(), place.GetProperty("artifactLocation")
            .GetProperty("uri").GetString(),
            place.TryGetProperty("region", out var region) ? region.GetProperty("startLine").GetInt32() : 0);
    }
}
