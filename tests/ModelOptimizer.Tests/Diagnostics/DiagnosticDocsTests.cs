using ModelOptimizer.Diagnostics;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Diagnostics;

public sealed class DiagnosticDocsTests
{
    private static IEnumerable<DiagnosticDescriptor> All => DiagnosticCatalog.All.Values;

    [TestCaseSource(nameof(All))]
    public void Every_diagnostic_is_documented(DiagnosticDescriptor descriptor)
    {
        var section = DiagnosticDocs.Section(descriptor.Code);
        Assert.That(section, Is.Not.Null, $"Add a section '## {descriptor.Code} {descriptor.Title}' to diagnostics.md");
        Assert.That(section!.Title, Is.EqualTo(descriptor.Title));
        Assert.That(section.Markdown, Does.Match(@"\A\S[\s\S]+```\n[\s\S]+\n```\n\n\*\*To mend:\*\* \S[\s\S]+\z"), "meaning, example, mending");
    }

    [TestCaseSource(nameof(All))]
    public void The_example_shows_that_very_diagnostic(DiagnosticDescriptor descriptor)
    {
        var severity = descriptor.DefaultSeverity.ToString().ToLowerInvariant();
        Assert.That(DiagnosticDocs.Section(descriptor.Code)!.Markdown, Does.Match($@"```\n\S.*: {severity} {descriptor.Code}: \S"));
    }

    [Test]
    public void The_page_has_no_other_sections_and_keeps_the_order() =>
        Assert.That(DiagnosticDocs.Sections.Keys, Is.EqualTo(All.Select(descriptor => descriptor.Code).Order(StringComparer.Ordinal)));

    [Test]
    public void The_page_in_the_repository_is_the_one_that_ships() => Assert.That(DiagnosticDocs.Text,
        Is.EqualTo(File.ReadAllText(Path.Combine(Repository.Root, "src/ModelOptimizer/Diagnostics/diagnostics.md"))));

    [Test]
    public void A_code_is_found_in_any_case()
    {
        Assert.That(DiagnosticDocs.Section("mo6001")!.Title, Is.EqualTo("Size budget broken"));
        Assert.That(DiagnosticDocs.Section("MO0000"), Is.Null);
    }

    [Test]
    public void Help_links_are_the_anchors_that_Markdown_viewers_make()
    {
        Assert.That(DiagnosticCatalog.ModelTooLarge.HelpLink, Is.EqualTo("diagnostics.md#mo2006-message-exceeds-2-gib"));
        Assert.That(DiagnosticCatalog.GitLfsPointer.HelpLink, Is.EqualTo("diagnostics.md#mo2005-file-is-a-git-lfs-pointer"));
        Assert.That(DiagnosticCatalog.ExternalDataOutside.HelpLink, Is.EqualTo("diagnostics.md#mo2012-external-data-lies-outside-the-models-folder"));
    }

    [Test]
    public void Every_code_says_its_area()
    {
        Assert.That(All.Select(descriptor => descriptor.Area), Is.All.InRange(1, 9));
        Assert.That(All.Select(descriptor => descriptor.Code), Has.All.Match(@"^MO\d{4}$"));
    }
}
