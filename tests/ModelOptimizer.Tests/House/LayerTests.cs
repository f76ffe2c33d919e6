using System.Xml.Linq;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.House;

/// <summary>Nothing points up: each project may know only what stands below it, and one project alone knows each outside world.</summary>
public sealed class LayerTests
{
    private static readonly string[] BottomUp =
        ["ModelOptimizer.Onnx", "ModelOptimizer", "ModelOptimizer.OnnxRuntime", "ModelOptimizer.Tool"];

    private static IEnumerable<string> Projects => Directory
        .GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Projects))]
    public void A_project_references_only_the_layer_right_below(string project)
    {
        var level = Array.IndexOf(BottomUp, Name(project));

        Assert.That(References(project, "ProjectReference").Select(Name), Is.EqualTo(BottomUp.Where((_, below) => below == level - 1)));
    }

    [TestCase("Google.Protobuf", "ModelOptimizer.Onnx")]
    [TestCase("YamlDotNet", "ModelOptimizer")]
    [TestCase("StbImageSharp", "ModelOptimizer")]
    [TestCase("Microsoft.ML.Tokenizers", "ModelOptimizer")]
    [TestCase("Microsoft.ML.OnnxRuntime", "ModelOptimizer.OnnxRuntime")]
    [TestCase("Spectre.Console", "ModelOptimizer.Tool")]
    [TestCase("System.CommandLine", "ModelOptimizer.Tool")]
    [TestCase("Microsoft.Build.Utilities.Core", "ModelOptimizer.Tasks")]
    public void One_project_alone_knows_the_package(string package, string owner)
    {
        var knowing = Projects.Where(project => References(project, "PackageReference").Contains(package)).Select(Name);

        Assert.That(knowing, Is.EqualTo(new[] { owner }));
    }

    private static string Name(string project) => Path.GetFileNameWithoutExtension(project);

    /// <summary>References that hand types on; those that only order the build don't count.</summary>
    private static IEnumerable<string> References(string project, string kind) => XDocument.Load(project).Descendants(kind)
        .Where(reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false")
        .Select(reference => ((string?)reference.Attribute("Include"))!.Replace('\\', '/'));
}
