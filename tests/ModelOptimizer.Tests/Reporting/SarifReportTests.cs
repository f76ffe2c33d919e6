using System.Text.Json;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;
using ModelOptimizer.Reporting.Sarif;

namespace ModelOptimizer.Tests.Reporting;

/// <summary>Against what SARIF 2.1.0 requires (OASIS, sections 3.13 to 3.49), since its schema is out of reach.</summary>
internal sealed class SarifReportTests
{
    private static readonly string Root = OperatingSystem.IsWindows() ? @"C:\repo" : "/repo";

    private static readonly DiagnosticReport[] Findings =
    [
        new("MO6001", "error", "size is 3 MiB, but at most 2 MiB is allowed.", Path.Combine(Root, "src", "my app", "model-opt.yaml"), 12, 3),
        new("MO4002", "warning", "16-bit sums overflow", Path.Combine(Root, "model-opt.yaml"), 5, 0),
        new("MO4042", "info", "1 of 2 products stay float", null, 0, 0),
        new("MO6001", "error", "size is 4 MiB, but at most 2 MiB is allowed.", Path.Combine(Root, "src", "my app", "model-opt.yaml"), 20, 3),
        new("MO2001", "error", "Model not found", Path.Combine(Path.GetPathRoot(Root)!, "elsewhere", "m.onnx"), 0, 0),
    ];

    [Test]
    public void A_log_has_what_the_standard_requires()
    {
        var log = Log(Findings);

        Assert.That((log.GetProperty("version").GetString(), log.GetProperty("$schema")
            .GetString()!.EndsWith("sarif-2.1.0.json", StringComparison.Ordinal)), Is.EqualTo(("2.1.0", true)));
        var run = log.GetProperty("runs").EnumerateArray().Single();
        var driver = run.GetProperty("tool").GetProperty("driver");
        Assert.That(driver.GetProperty("name").GetString(), Is.EqualTo("ModelOptimizer"));
        var rules = driver.GetProperty("rules").EnumerateArray().ToList();
        Assert.That(rules.Select(rule => rule.GetProperty("id").GetString()), Is.EqualTo(new[] { "MO2001", "MO4002", "MO4042", "MO6001" }),
            "each once");
        foreach (var result in run.GetProperty("results").EnumerateArray())
        {
            Assert.That(result.GetProperty("message").GetProperty("text").GetString(), Is.Not.Empty);
            Assert.That(result.GetProperty("level").GetString(), Is.AnyOf("error", "warning", "note"));
            Assert.That(rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString(),
                Is.EqualTo(result.GetProperty("ruleId").GetString()));
            foreach (var region in result.GetProperty("locations").EnumerateArray().Select(location => location.GetProperty("physicalLocation"))
                .Where(place => place.TryGetProperty("region", out _)).Select(place => place.GetProperty("region")))
                Assert.That(region.EnumerateObject().Select(property => property.Value.GetInt32()), Is.All.Positive,
                    "lines and columns count from 1");
        }
        Assert.That(run.GetProperty("invocations").EnumerateArray().Single().GetProperty("executionSuccessful").GetBoolean(), Is.False);
    }

    [Test]
    public void Rules_tell_what_the_documentation_says()
    {
        var rule = Log(Findings[..1]).GetProperty("runs")[0].GetProperty("tool").GetProperty("driver").GetProperty("rules")[0];

        Assert.That(rule.GetProperty("shortDescription").GetProperty("text").GetString(), Is.EqualTo($"{DiagnosticCatalog.SizeBudget.Title}."));
        Assert.That(rule.GetProperty("help").GetProperty("markdown").GetString(), Is.EqualTo(DiagnosticDocs.Section("MO6001")!.Markdown));
        Assert.That(rule.GetProperty("defaultConfiguration").GetProperty("level").GetString(), Is.EqualTo("error"));
    }

    [Test]
    public void Places_are_relative_to_the_root_where_they_lie_below_it()
    {
        var places = Results(Log(Findings)).Select(result =>
            result.GetProperty("locations")[0].GetProperty("physicalLocation").GetProperty("artifactLocation")).ToList();

        Assert.That(places.Select(place => (place.GetProperty("uri").GetString(), place.TryGetProperty("uriBaseId", out var root) ? root.GetString()
            : null)), Is.EqualTo(new[]
        {
            ("src/my%20app/model-opt.yaml", "SRCROOT"), ("model-opt.yaml", "SRCROOT"), ("p.yaml", "SRCROOT"),
                ("src/my%20app/model-opt.yaml", "SRCROOT"),
            (new Uri(Findings[4].File!).AbsoluteUri, null),
        }));
    }

    [Test]
    public void Without_a_root_places_are_relative_to_nothing_that_is_known()
    {
        var bytes = new SarifReport(root: null, "m.onnx", "p.yaml").Of([Findings[2] with { File = "my p.yaml" }]);

        Assert.That(System.Text.Encoding.UTF8.GetString(bytes), Does.Contain("my%20p.yaml").And.Not.Contain("SRCROOT").And.Not.Contain("riBaseId"));
    }

    [Test]
    public void A_finding_is_the_same_after_lines_and_figures_changed()
    {
        var prints = Results(Log(Findings)).Select(result =>
            result.GetProperty("partialFingerprints").GetProperty("modelOptimizer/v1").GetString()!).ToList();
        var moved = Results(Log(Findings[0] with { Line = 40, Message = "size is 2.5 MiB, but at most 2 MiB is allowed." })).Single();

        Assert.That(moved.GetProperty("partialFingerprints").GetProperty("modelOptimizer/v1").GetString(), Is.EqualTo(prints[0]));
        Assert.That(prints.Distinct().Count(), Is.EqualTo(5), "the second of a kind is another");
        Assert.That((prints[0].Split(':')[0], prints[0].Split(':')[1], prints[3].Split(':')[1]), Is.EqualTo((prints[3].Split(':')[0], "1", "2")));
    }

    [Test]
    public void A_run_without_findings_says_that_there_are_none()
    {
        var run = Log().GetProperty("runs")[0];

        Assert.That((run.GetProperty("results").GetArrayLength(), run.GetProperty("tool").GetProperty("driver").GetProperty("rules")
            .GetArrayLength()), Is.EqualTo((0, 0)));
        Assert.That(run.GetProperty("invocations")[0].GetProperty("executionSuccessful").GetBoolean(), Is.True);
    }

    [Test]
    public void Equal_findings_give_equal_logs_without_a_place_of_this_machine() => Assert.Multiple(() =>
    {
        Assert.That(Bytes(Findings[..4]), Is.EqualTo(Bytes(Findings[..4])));
        Assert.That(System.Text.Encoding.UTF8.GetString(Bytes(Findings[..4])), Does.Not.Contain(Root));
    });

    private static byte[] Bytes(params DiagnosticReport[] findings) => new SarifReport(Root, "m.onnx", Path.Combine(Root, "p.yaml")).Of(findings);

    private static JsonElement Log(params DiagnosticReport[] findings) => JsonDocument.Parse(Bytes(findings)).RootElement;

    private static JsonElement.ArrayEnumerator Results(JsonElement log) => log.GetProperty("runs")[0].GetProperty("results").EnumerateArray();
}
