using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tests.Diagnostics;

/// <summary>
/// MSBuild, editors and build servers find errors in plain text by a grammar: <c>Origin : Subcategory Category Code : Text</c>.
/// The pattern below is that grammar, written anew from its documentation.
/// </summary>
public sealed partial class CanonicalFormTests
{
    [TestCase("model-opt.yaml", 12, 3, "model-opt.yaml(12,3): error MO6001: too large")]
    [TestCase("data/v.jsonl", 17, 0, "data/v.jsonl(17): error MO6001: too large")]
    [TestCase("Models/langid.onnx", 0, 0, "Models/langid.onnx : error MO6001: too large")]
    [TestCase("my models/a (1).onnx", 0, 0, "my models/a (1).onnx : error MO6001: too large")]
    [TestCase("C:\\app\\model-opt.yaml", 1, 2, "C:\\app\\model-opt.yaml(1,2): error MO6001: too large")]
    public void A_diagnostic_is_one_line_that_tools_understand(string file, int line, int column, string expected)
    {
        var text = new Diagnostic(DiagnosticCatalog.SizeBudget, "too large", new SourceLocation(file, line, column)).ToString();
        Assert.That(text, Is.EqualTo(expected));
        AssertParts(text, file, line, column, "error", "too large");
    }

    [Test]
    public void Without_a_place_the_tool_itself_is_the_origin()
    {
        var text = new Diagnostic(DiagnosticCatalog.FixpointCap, "no end").ToString();
        Assert.That(text, Is.EqualTo("model-opt : warning MO3001: no end"));
        AssertParts(text, "model-opt", 0, 0, "warning", "no end");
    }

    [Test]
    public void The_severity_is_the_one_that_the_profile_chose() =>
        Assert.That((new Diagnostic(DiagnosticCatalog.SizeBudget, "x") { Severity = Severity.Warning }).ToString(), Does.Contain(": warning MO6001:"));

    [Test]
    public void Line_breaks_and_brackets_in_the_message_stay_harmless()
    {
        var text = new Diagnostic(DiagnosticCatalog.RunFailed, "failed (a) : b\r\nsecond\nline", new SourceLocation("m.onnx")).ToString();
        Assert.That(text, Is.EqualTo("m.onnx : error MO5007: failed (a) : b second line"));
    }

    private static void AssertParts(string text, string file, int line, int column, string category, string message)
    {
        var parts = Canonical().Match(text);
        Assert.That(parts.Success, text);
        Assert.That(parts.Groups["category"].Value, Is.EqualTo(category));
        Assert.That(parts.Groups["code"].Value, Does.Match(@"^MO\d{4}$"));
        Assert.That(parts.Groups["text"].Value.Trim(), Is.EqualTo(message));
        var place = Place().Match(parts.Groups["origin"].Value.Trim());
        Assert.That(line == 0 ? parts.Groups["origin"].Value.Trim() : place.Groups["file"].Value, Is.EqualTo(file));
        Assert.That(place.Groups["line"].Value, Is.EqualTo(line == 0 ? "" : $"{line}"));
        Assert.That(place.Groups["column"].Value, Is.EqualTo(column == 0 ? "" : $"{column}"));
    }

    // A drive letter may stand before the origin's path; neither origin nor code contains another colon.
    [GeneratedRegex(@"^\s*(?<origin>([a-zA-Z]:)?[^:]*):(?<subcategory>|[^:]*? )\s*(?<category>error|warning)\s+(?<code>[^: ]+)\s*:(?<text>.*)$")]
    private static partial Regex Canonical();

    [GeneratedRegex(@"^(?<file>.+)\((?<line>\d+)(,(?<column>\d+))?\)$")]
    private static partial Regex Place();
}
