using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ModelOptimizer.Embedding;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>Generated accessors compile in every project, whatever the tensors are called.</summary>
public sealed class AccessorTests
{
    private static readonly ModelSignature Plain = new(
        [new("input_ids", new TensorType(DataType.Int64, new Shape([new(null, "batch"), 128])))],
        [new("logits", new TensorType(DataType.Float, null))]);

    private static readonly ModelSignature Awkward = new(
        [
            new("0", new TensorType(DataType.Float16, Shape.Scalar)), new("a.b:c", null), new("a/b/c", null), new("Inputs", null), new("class", null),
            new("shape", null), new("name", null), new("Name", null), new("equals", null), new("\"\\\n</summary>", null), new("", null), new("größe 😀", null),
        ],
        [new("Outputs", null), new("to string", null)]);

    [Test]
    public void An_accessor_tells_the_signature()
    {
        var source = AccessorGenerator.Generate(Settings(Plain));
        Assert.That(source, Does.Contain("namespace App.Models\n"));
        Assert.That(source, Does.Contain("internal static partial class LanguageModel\n"));
        Assert.That(source, Does.Contain("<c>input_ids</c>: int64[batch,128]."));
        Assert.That(source, Does.Contain("public const string Name = \"input_ids\";"));
        Assert.That(source, Does.Contain("new long[] { -1, 128 };"));
        Assert.That(source, Is.EqualTo(AccessorGenerator.Generate(Settings(Plain))), "deterministic");
        Assert.That(source, Does.Not.Contain("\r"));
        Assert.That(source, Does.Not.Contain("CreateSession"));
    }

    [Test]
    public void An_accessor_compiles_in_the_oldest_language_and_with_awkward_names(
        [Values] EmbedAs embedAs, [Values] EmbedCompression compression, [Values] bool awkward, [Values] bool nullable, [Values] bool runtime)
    {
        if (embedAs == EmbedAs.None)
            return;
        var settings = Settings(awkward ? Awkward : Plain, embedAs, compression) with { Nullable = nullable, HasOnnxRuntime = runtime };
        Assert.That(Compile(AccessorGenerator.Generate(settings), nullable ? LanguageVersion.CSharp8 : LanguageVersion.CSharp7_3), Is.Empty);
    }

    [TestCase("input_ids", ExpectedResult = "InputIds")]
    [TestCase("ch_PP-OCRv4", ExpectedResult = "ChPPOCRv4")]
    [TestCase("0", ExpectedResult = "_0")]
    [TestCase("::", ExpectedResult = "_")]
    public string A_name_becomes_an_identifier(string name) => CSharpNames.ToPascal(name);

    [TestCase("my-app.3d.class", ExpectedResult = "my_app._3d.@class")]
    [TestCase("", ExpectedResult = "")]
    [TestCase(" A . B ", ExpectedResult = "A.B")]
    public string A_project_name_becomes_a_namespace(string name) => CSharpNames.ToNamespace(name);

    private static AccessorSettings Settings(ModelSignature signature, EmbedAs embedAs = EmbedAs.Resource, EmbedCompression compression = EmbedCompression.None) =>
        new("langid", new EmbedPlan(embedAs, compression, "LanguageModel", "App.Models", "lang\"id", "Models/langid.onnx", "langid.onnx"), signature);

    private static IEnumerable<string> Compile(string source, LanguageVersion version)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        var tree = CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(version, DocumentationMode.Diagnose));
        return CSharpCompilation.Create("accessor", [tree], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary))
            .GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning).Select(diagnostic => diagnostic.ToString());
    }
}
