using System.Text.RegularExpressions;

namespace ModelOptimizer.Diagnostics;

/// <summary>What the documentation says of one code.</summary>
/// <param name="Code">The code.</param>
/// <param name="Title">Its title, as in <see cref="DiagnosticCatalog"/>.</param>
/// <param name="Markdown">What it means, an example and how to mend it.</param>
public sealed record DiagnosticSection(string Code, string Title, string Markdown);

/// <summary>The documentation of all diagnostics: <c>diagnostics.md</c>, which comes with the product.</summary>
public static partial class DiagnosticDocs
{
    /// <summary>The page's file name.</summary>
    public const string Page = "diagnostics.md";

    private static readonly Lazy<IReadOnlyDictionary<string, DiagnosticSection>> Parsed = new(() => Parse(Text));

    /// <summary>The whole page as Markdown.</summary>
    public static string Text => ReadPage();

    /// <summary>All sections by code, in the order of the page.</summary>
    public static IReadOnlyDictionary<string, DiagnosticSection> Sections => Parsed.Value;

    /// <summary>The section of a code, in any case; null when there is no such code.</summary>
    public static DiagnosticSection? Section(string code) => Sections.GetValueOrDefault(code.ToUpperInvariant());

    /// <summary>The anchor that Markdown viewers give the heading of a code.</summary>
    internal static string Anchor(DiagnosticDescriptor descriptor) =>
        NoAnchorCharacter().Replace($"{descriptor.Code} {descriptor.Title}".ToLowerInvariant(), "").Replace(' ', '-');

    private static Dictionary<string, DiagnosticSection> Parse(string page) => Heading().Split(page)
        .Skip(1).Chunk(3)
        .Select(parts => new DiagnosticSection(parts[0], parts[1], parts[2].Trim()))
        .ToDictionary(section => section.Code);

    private static string ReadPage()
    {
        using var page = typeof(DiagnosticDocs).Assembly.GetManifestResourceStream("ModelOptimizer.Diagnostics.diagnostics.md")!;
        using var reader = new StreamReader(page);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^## (MO\d{4}) (.+)$\n", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchorCharacter();
}
