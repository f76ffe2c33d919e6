namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Projects in other languages embed the model and do without the accessor.</summary>
[Category("EndToEnd")]
public sealed class LanguageTests
{
    private const string FSharp = """
        module Program
        let assembly = System.Reflection.Assembly.GetExecutingAssembly()
        printfn "%d" (assembly.GetManifestResourceStream("small.onnx").Length)
        """;

    private const string VisualBasic = """
        Module Program
            Sub Main()
                System.Console.WriteLine(System.Reflection.Assembly.GetExecutingAssembly().GetManifestResourceStream("small.onnx").Length)
            End Sub
        End Module
        """;

    [TestCase("fsproj", "Program.fs", FSharp, """<Compile Include="Program.fs" />""")]
    [TestCase("vbproj", "Program.vb", VisualBasic, "")]
    public void The_model_is_a_resource_and_nothing_else_is_compiled(string extension, string file, string code, string items)
    {
        var app = Consumer.Small($"language {extension}");
        File.Delete(app.At("App.csproj"));
        File.Delete(app.At("Program.cs"));
        app.Write($"App.{extension}", Consumer.Project(items: items));
        app.Write(file, code);
        var build = app.Build().ShouldSucceed();
        Assert.That(build.CompileItems.Where(item => item.EndsWith(".cs", StringComparison.Ordinal)), Is.Empty);
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(Path.Combine(app.Output, "small.onnx"))}" }));
        Assert.That(Directory.GetFiles(app.Output, "*.g.*"), Is.Empty);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }
}
