using System.Text;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Reporting;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ReportReaderTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Test]
    public void A_report_comes_back_as_it_was_written()
    {
        ReportWriter.Write(SampleReports.Searched, _path);

        Assert.That(ReportWriter.ToJson(ReportReader.Read(_path)), Is.EqualTo(ReportWriter.ToJson(SampleReports.Searched)));
    }

    [TestCase("nonsense", "no JSON object")]
    [TestCase("[]", "no JSON object")]
    [TestCase("{}", "'schemaVersion'")]
    [TestCase("{ \"schemaVersion\": 1 }", "required")]
    [TestCase("{ \"schemaVersion\": 99 }", "use a newer one")]
    public void What_is_no_report_is_told(string content, string why)
    {
        File.WriteAllText(_path, content, Encoding.UTF8);

        var problem = Assert.Throws<DiagnosticException>(() => ReportReader.Read(_path))!.Diagnostics.Single();

        Assert.That((problem.Descriptor, problem.Location!.File), Is.EqualTo((DiagnosticCatalog.NotAReport, _path)));
        Assert.That(problem.Message, Does.Contain(why).And.Contains("Name a NAME.report.json"));
    }

    [TestCase("\"result\": {", "\"result\": null, \"x\": {")]
    [TestCase("\"sha256\": ", "\"sha\": ")]
    [TestCase("\"severity\": \"info\"", "\"severity\": null")]
    public void A_report_without_what_each_has_is_told(string what, string by)
    {
        var content = Encoding.UTF8.GetString(ReportWriter.ToJson(SampleReports.Full));
        Assert.That(content, Does.Contain(what));
        File.WriteAllText(_path, content.Replace(what, by, StringComparison.Ordinal));

        Assert.That(() => ReportReader.Read(_path),
            Throws.TypeOf<DiagnosticException>().With.Property("Diagnostics").One.Property("Descriptor").EqualTo(DiagnosticCatalog.NotAReport));
    }

    [Test]
    public void A_report_that_is_not_there_is_told() =>
        Assert.That(() => ReportReader.Read(_path + ".none"),
            Throws.TypeOf<DiagnosticException>().With.Property("Diagnostics").One.Property("Descriptor").EqualTo(DiagnosticCatalog.CannotRead));
}
