using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Reporting.Sarif;

/// <summary>Findings as SARIF 2.1.0, which code scanning shows at the lines of the profile. Equal findings give equal bytes.</summary>
/// <param name="root">The folder that places are told relative to, as <c>SRCROOT</c>; null tells them as they are, relative to nothing known.</param>
/// <param name="model">The model's file name, by which runs are told apart.</param>
/// <param name="place">Where findings are shown that have no place of their own: the profile or the model.</param>
public sealed partial class SarifReport(string? root, string model, string place)
{
    private const string Root = "SRCROOT";

    /// <summary>UTF-8 JSON with a line break at the end.</summary>
    public byte[] Of(IEnumerable<DiagnosticReport> diagnostics)
    {
        var found = diagnostics.ToList();
        var codes = found.Select(diagnostic => diagnostic.Code).Distinct().Order(StringComparer.Ordinal).ToList();
        var seen = new Dictionary<string, int>();
        var log = new SarifLog([new(
            new(new("ModelOptimizer", Optimizer.Version, [.. codes.Select(Rule)])),
            [new(found.TrueForAll(diagnostic => diagnostic.Severity != "error"))],
            new($"model-opt/{model}/"),
            root is null ? null : new Dictionary<string, SarifBase> { [Root] = new(new("The root of the source tree.")) },
            "utf16CodeUnits",
            [.. found.Select(diagnostic => Result(diagnostic, codes.IndexOf(diagnostic.Code), seen))])]);
        return [.. JsonSerializer.SerializeToUtf8Bytes(log, SarifJson.Readable.SarifLog), (byte)'\n'];
    }

    /// <summary>Writes them whole or not at all.</summary>
    public void Write(string path, IEnumerable<DiagnosticReport> diagnostics) => WholeFile.Write(path, Of(diagnostics));

    /// <summary>What the catalog and the documentation say of a code.</summary>
    private static SarifRule Rule(string code)
    {
        var (descriptor, section) = (DiagnosticCatalog.All.GetValueOrDefault(code), DiagnosticDocs.Section(code));
        var title = descriptor?.Title ?? code;
        var severity = descriptor is null ? "warning" : ReportBuilder.Name(descriptor.DefaultSeverity);
        return new(code, new($"{title}."), new(section is null ? title : $"{title}. Run 'model-opt explain {code}'.", section?.Markdown),
            new(Level(severity)));
    }

    private SarifResult Result(DiagnosticReport diagnostic, int rule, Dictionary<string, int> seen)
    {
        var artifact = Artifact(diagnostic.File ?? place);
        var region = diagnostic is { File: not null, Line: > 0 }
            ? new SarifRegion(diagnostic.Line, diagnostic.Column > 0 ? diagnostic.Column : null) : null;
        // Lines move, and figures change from run to run: neither makes it another finding.
        var same = $"{diagnostic.Code}|{artifact.Uri}|{Figures().Replace(diagnostic.Message, "#")}";
        seen[same] = seen.GetValueOrDefault(same) + 1;
        var print = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(same)))[..32];
        return new(diagnostic.Code, rule, Level(diagnostic.Severity), new(diagnostic.Message), [new(new(artifact, region))],
            new Dictionary<string, string> { ["modelOptimizer/v1"] = $"{print}:{seen[same]}" });
    }

    /// <summary>Relative to the root where it lies below that, else where it is; as it is told where there is no root.</summary>
    private SarifArtifact Artifact(string file)
    {
        if (root is null)
            return new(Escape(file.Replace('\\', '/')), null);
        var relative = Path.GetRelativePath(root, file);
        return Path.IsPathRooted(relative) || relative == ".." || relative.StartsWith($"..{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            ? new(new Uri(Path.GetFullPath(file)).AbsoluteUri, null)
            : new(Escape(relative.Replace(Path.DirectorySeparatorChar, '/')), Root);
    }

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static string Level(string severity) => severity switch
    {
        "error" => "error",
        "warning" => "warning",
        _ => "note",
    };

    [GeneratedRegex(@"\d[\d.,]*")]
    private static partial Regex Figures();
}
