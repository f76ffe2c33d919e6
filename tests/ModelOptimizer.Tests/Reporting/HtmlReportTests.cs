using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using ModelOptimizer.Reporting.Html;

namespace ModelOptimizer.Tests.Reporting;

internal sealed class HtmlReportTests
{
    private static readonly OptimizationReport[] Reports = [SampleReports.Full, SampleReports.Searched];

    [TestCaseSource(nameof(Reports))]
    public void A_page_is_well_formed_and_loads_nothing(OptimizationReport report)
    {
        var page = Page(report);

        var addresses = page.Descendants().Attributes()
            .Where(a => a.Name.LocalName is "src" or "href" or "action" or "data" or "style"
            || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.That(addresses.Select(a => a.Value), Has.Some.StartsWith("#").And.All.StartsWith("#"),
            "links inside the page, and no attribute that loads or runs anything");
        Assert.That(page.Descendants().Select(e => e.Name.LocalName), Has.None.AnyOf("link", "img", "iframe", "object", "embed", "base", "form"));
        Assert.That(Text(report), Does.Not.Match("https?://|url\\(|@import"));
    }

    [Test]
    public void The_policy_forbids_all_but_the_style_and_the_script_of_the_page()
    {
        var page = Page(SampleReports.Full);
        var policy = page.Descendants("meta").Single(meta => (string?)meta.Attribute("http-equiv") == "Content-Security-Policy")
            .Attribute("content")!.Value;

        Assert.That(policy, Is.EqualTo(
            $"default-src 'none'; style-src '{HashOf("style")}'; script-src '{HashOf("script")}'; base-uri 'none'; form-action 'none'"));

        string HashOf(string element) =>
            $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page.Descendants(element).Single().Value)))}";
    }

    [TestCaseSource(nameof(Reports))]
    public void Equal_reports_give_equal_pages_that_name_no_place_of_this_machine(OptimizationReport report)
    {
        Assert.That(HtmlReport.Of(report), Is.EqualTo(HtmlReport.Of(report)));
        Assert.That(Text(report), Does.Not.Contain(Environment.CurrentDirectory));
    }

    [Test]
    public void A_stored_report_gives_the_page_of_the_run()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var output = new OutputFiles(Path.Combine(folder.FullName, "m.onnx"));
            new ReportFiles(SampleReports.Searched).Write(output);

            Assert.That(HtmlReport.Of(ReportReader.Read(output.Report)), Is.EqualTo(File.ReadAllBytes(output.Page)));
            Assert.That(folder.EnumerateFiles().Select(file => file.Name), Is.EquivalentTo(new[] { "m.report.json", "m.report.html" }));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("</script><script>alert(1)</script>")]
    [TestCase("\"><img src=x onerror=alert(1)>")]
    [TestCase("'&amp;<b>")]
    [TestCase("a\u0000b\u0001\uFFFE\uD800")]
    [TestCase("\u202Egnp.onnx")]
    public void Foreign_names_stay_text(string name)
    {
        var hostile = SampleReports.Searched with
        {
            Refusals = [new(name, name, name)],
            Weights = [new(name, name, name, 1, 1, name, null)],
            Metrics = [new("top-1", "rate", 0.9, 0.9, name, name)],
            Diagnostics = [new(name, name, name, name, 1, 1)],
            Initializers = new(1, 1, [new(name, name, name, 1, 1)]),
            Passes = [new(name, null, 1, 1, 1, new(1, 1), new(1, 1))],
            Rewrites = [new(name, name, [name])],
        };

        var (page, plain) = (Page(hostile), Page(SampleReports.Searched));

        Assert.That(page.Descendants().Select(e => e.Name.LocalName).Distinct(),
            Is.SubsetOf(plain.Descendants().Select(e => e.Name.LocalName).Distinct()));
        var shown = new string([.. name.Select(c => char.IsControl(c) || char.IsSurrogate(c) || c == '\uFFFE' ? '\uFFFD' : c)]);
        Assert.That(page.Descendants("section").Single(s => (string?)s.Attribute("id") == "refusals").Descendants("code").Single().Value,
            Is.EqualTo(shown));
    }

    [Test]
    public void Every_part_of_a_report_has_its_section_and_a_link_to_it()
    {
        var page = Page(SampleReports.Searched);

        string[] ids = ["budgets", "diagnostics", "metrics", "quality", "trace", "passes", "initializers", "weights", "refusals"];
        Assert.That(page.Descendants("section").Select(section => (string?)section.Attribute("id")), Is.EqualTo(ids));
        Assert.That(page.Descendants("nav").Single().Elements("a").Select(link => (string?)link.Attribute("href")),
            Is.EqualTo(ids.Select(id => "#" + id)));
    }

    [Test]
    public void Charts_tell_in_words_what_they_show()
    {
        var charts = Page(SampleReports.Searched).Descendants("svg").Where(svg => (string?)svg.Attribute("role") == "img").ToList();

        Assert.That(charts, Has.Count.EqualTo(4), "steps, size budget, mixed precision, trace");
        foreach (var chart in charts)
        {
            var names = ((string)chart.Attribute("aria-labelledby")!).Split(' ');
            Assert.That(chart.Elements().Where(e => names.Contains((string?)e.Attribute("id"))).Select(e => (e.Name.LocalName, e.Value.Length > 0)),
                Is.EqualTo(new[] { ("title", true), ("desc", true) }));
        }
        Assert.That(Page(SampleReports.Searched).Descendants("svg").Where(svg => svg.Attribute("role") is null).Attributes("aria-hidden").Count(),
            Is.Positive);
    }

    [Test]
    public void A_long_table_of_refusals_has_a_filter_for_text_and_pass_and_all_rows_without_script()
    {
        var many = SampleReports.Full with
        {
            Refusals = [.. Enumerable.Range(0, 30).Select(i =>
                new Refusal(i % 3 == 0 ? "fuse-gelu" : "quantize-static", $"MatMul 'm{i}'", "it is small"))],
        };

        var section = Page(many).Descendants("section").Single(s => (string?)s.Attribute("id") == "refusals");
        var filter = section.Elements("div").Single(div => (string?)div.Attribute("class") == "filter");

        Assert.That(filter.Attribute("hidden"), Is.Not.Null, "of no use before the script is at work");
        Assert.That(filter.Descendants("option").Select(option => ((string?)option.Attribute("value"), option.Value)),
            Is.EqualTo(new[] { ("", "all"), ("fuse-gelu", "fuse-gelu (10)"), ("quantize-static", "quantize-static (20)") }));
        var table = section.Elements("div").Single(div => (string?)div.Attribute("id") == (string?)filter.Attribute("data-for"));
        Assert.That(table.Descendants("tbody").Single().Elements("tr").Select(row => (string)row.Attribute("data-pass")!).CountBy(pass => pass),
            Is.EquivalentTo(new Dictionary<string, int> { ["fuse-gelu"] = 10, ["quantize-static"] = 20 }));
        Assert.That(table.Descendants("tr").Attributes("hidden"), Is.Empty);
    }

    [Test]
    public void Each_value_along_the_graph_says_its_name_and_noise_and_the_worst_come_first_in_the_table()
    {
        var section = Page(SampleReports.Full).Descendants("section").Single(s => (string?)s.Attribute("id") == "trace");

        Assert.That(section.Descendants("g").Where(g => (string?)g.Attribute("class") == "column").Select(g => g.Element("title")!.Value),
            Is.EqualTo(new[]
        {
            "0: a\nMatMul 'first'\nno noise", "1: b\nMatMul 'second'\n31.5 dB as computed, 20.3 dB as rounded", "2: c\nSoftmax 'last'\n45.0 dB",
        }));
        Assert.That(section.Descendants("tbody").Single().Elements("tr").Select(row => row.Elements().Skip(1).First().Value),
            Is.EqualTo(new[] { "b", "c" }));
        Assert.That(section.Descendants("desc").Single().Value, Does.Contain("The worst value is b of MatMul 'second' with 20.3 dB"));
    }

    [Test]
    public void Initializers_and_others_add_up_to_all()
    {
        var rows = Page(SampleReports.Full).Descendants("section").Single(s => (string?)s.Attribute("id") == "initializers").Descendants("tbody")
            .Single().Elements("tr").ToList();

        Assert.That(rows.Select(row => row.Elements().Skip(2).Select(cell => cell.Value)), Is.EqualTo(new[]
        {
            new[] { "2.86 MiB", "781.25 KiB" }, ["488.28 KiB", "gone"], ["488.28 KiB", "195.31 KiB"], ["3.81 MiB", "976.56 KiB"],
        }));
    }

    [Test]
    public void A_rejected_result_says_so_first()
    {
        var broken = SampleReports.Full with
        {
            Accepted = false,
            Budget = [SampleReports.Full.Budget[0] with { Passed = false, Measured = 3 << 20,
                Message = "size is 3 MiB, but at most 2 MiB is allowed." }, SampleReports.Full.Budget[1]],
        };

        var page = Page(broken);

        Assert.That(page.Descendants("header").Single().Value, Does.Contain("Rejected: 1 of 2 budgets broken"));
        Assert.That(page.Descendants("td").Where(cell => (string?)cell.Attribute("class") == "light").Select(cell => cell.Value.Trim()),
            Is.EqualTo(new[] { "broken", "kept" }));
    }

    private static string Text(OptimizationReport report) => Encoding.UTF8.GetString(HtmlReport.Of(report));

    private static XDocument Page(OptimizationReport report) => XDocument.Parse(Text(report), LoadOptions.PreserveWhitespace);
}
