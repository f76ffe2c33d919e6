using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using ModelOptimizer.Embedding;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>Compiles generated accessors against everything that the tests themselves have, and runs them.</summary>
internal static class GeneratedCode
{
    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Select(path => MetadataReference.CreateFromFile(path))];

    public static AccessorSettings Settings(ModelSignature signature, EmbedAs embedAs = EmbedAs.Resource, EmbedCompression compression = EmbedCompression.None) =>
        new("langid", "langid.onnx",
            new EmbedPlan(embedAs, compression, "LanguageModel", "App.Models", "lang\"id", "Models/langid.onnx", "langid.onnx", DependencyInjection: true),
            new ModelFacts(signature, 1234, "abcd", 17, 8, "py\"torch", ""));

    /// <summary>What the compiler says when the accessor doesn't silence it, as it does for rules of the user's own.</summary>
    public static IEnumerable<string> Warnings(string source, LanguageVersion version) =>
        Compile([source.Replace("#pragma warning disable", "", StringComparison.Ordinal)], version).GetDiagnostics()
            .Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning).Select(diagnostic => diagnostic.ToString());

    /// <summary>Compiles a program of an accessor and a class <c>Program</c>, and calls its method <c>Run</c>.</summary>
    /// <param name="model">The bytes of the resource.</param>
    public static string Run(AccessorSettings settings, byte[] model, string program)
    {
        using var assembly = new MemoryStream();
        var resource = new ResourceDescription(settings.Embed.LogicalName, () => new MemoryStream(model), isPublic: true);
        var result = Compile([AccessorGenerator.Generate(settings), program], LanguageVersion.Latest).Emit(assembly, manifestResources: [resource]);
        Assert.That(result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error), Is.Empty);
        assembly.Position = 0;
        var loaded = new AssemblyLoadContext("generated").LoadFromStream(assembly);
        return (string)loaded.GetType("Program")!.GetMethod("Run")!.Invoke(null, null)!;
    }

    private static CSharpCompilation Compile(IEnumerable<string> sources, LanguageVersion version) => CSharpCompilation.Create("accessor",
        sources.Select(source => CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(version, DocumentationMode.Diagnose))),
        References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
}
