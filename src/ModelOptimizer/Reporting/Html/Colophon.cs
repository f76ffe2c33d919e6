using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What made the report, and of which files, by name and content.</summary>
internal static class Colophon
{
    /// <summary>Digits of a digest that tell files apart.</summary>
    private const int Digits = 12;

    public static XElement Of(OptimizationReport report) => E("footer",
        E("p", $"ModelOptimizer {report.Tool.Version} with {report.Tool.Runtime}"),
        Files("Original", report.Original.Files),
        Files("Result", report.Result.Files),
        report.Profile.Count == 0 ? null : Files("Profile", report.Profile));

    private static XElement Files(string title, IEnumerable<FileReport> files) => E("p", $"{title}: ",
        files.Select((file, i) => new object[] { i == 0 ? "" : ", ", Code(file.File), " ", E("span", Class("digest"), A("title",
            $"SHA-256 {file.Sha256}"), file.Sha256[..Math.Min(Digits, file.Sha256.Length)]) }));
}
