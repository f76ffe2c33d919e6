using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What the targets themselves say, without the tool.</summary>
public sealed partial class TargetsTests
{
    [Test]
    public void Each_error_and_warning_is_a_known_one_and_links_to_its_section()
    {
        var said = Directory.GetFiles(Path.Combine(Repository.Root, "build", "targets"), "*.targets").Order(StringComparer.Ordinal)
            .SelectMany(file => Message().Matches(File.ReadAllText(file))).ToList();
        Assert.That(said, Has.Count.GreaterThan(5));
        foreach (var match in said)
        {
            var descriptor = DiagnosticCatalog.All[match.Groups["code"].Value];
            var (kind, attributes) = (match.Groups["kind"].Value, match.Groups["attributes"].Value);
            // A warning is an error where the project says so, and nowhere else.
            var isPromoted = kind == "Error" && attributes.Contains("IsError)' == 'true'", StringComparison.Ordinal);
            Assert.That(isPromoted ? "Warning" : kind, Is.EqualTo(descriptor.DefaultSeverity.ToString()));
            Assert.That(attributes, Does.Contain($"HelpKeyword=\"{descriptor.Code}\"")
                .And.Contain($"HelpLink=\"$(_ModelOptimizerHelp)#{descriptor.HelpLink.Split('#')[1]}\"").And.Contain("File="));
        }
    }

    [GeneratedRegex("""<(?<kind>Error|Warning) Code="(?<code>\w+)"(?<attributes>[^>]*)>""")]
    private static partial Regex Message();
}
