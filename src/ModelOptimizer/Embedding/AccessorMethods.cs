using ModelOptimizer.Profiles;
using static ModelOptimizer.Embedding.SourceWriter;

namespace ModelOptimizer.Embedding;

/// <summary>The part of an accessor that reads the model, from the assembly or from the file beside it.</summary>
internal static class AccessorMethods
{
    private const string BrotliStream = "global::System.IO.Compression.BrotliStream";

    public static void Write(SourceWriter code, AccessorSettings settings)
    {
        if (settings.Embed.As == EmbedAs.Content)
            WriteFile(code, settings.Embed.Link);
        else
            WriteResource(code, settings.Embed);
        if (settings.HasOnnxRuntime)
            WriteSession(code, settings);
    }

    private static void WriteFile(SourceWriter code, string link)
    {
        code.Summary("Where the model lies beside the program.");
        code.Line($"public static string FilePath {{ get; }} = global::System.IO.Path.Combine(global::System.AppContext.BaseDirectory, {Segments(link)});").Line();
        code.Summary("Opens the model's file. The caller disposes of the stream.");
        code.Line("public static global::System.IO.Stream OpenRead() => global::System.IO.File.OpenRead(FilePath);").Line();
        code.Summary("Reads the model's file; what it keeps in external data lies in a file beside it.");
        code.Line("public static byte[] ReadAllBytes() => global::System.IO.File.ReadAllBytes(FilePath);").Line();
    }

    private static string Segments(string link) => string.Join(", ", link.Split('/', '\\').Select(Literal));

    private static void WriteResource(SourceWriter code, EmbedPlan embed)
    {
        code.Summary("The name of the resource inside the assembly.");
        code.Line($"public const string ResourceName = {Literal(embed.LogicalName)};").Line();
        code.Summary("Opens the model as it is given to a runtime. The caller disposes of the stream.");
        code.Block("public static global::System.IO.Stream OpenRead()", () => WriteOpen(code, embed)).Line();
        code.Summary("Reads the model as it is given to a runtime.");
        code.Block("public static byte[] ReadAllBytes()", () => WriteReadAll(code)).Line();
    }

    private static void WriteOpen(SourceWriter code, EmbedPlan embed)
    {
        var isCompressed = embed.Compression == EmbedCompression.Brotli;
        code.Line($"{(isCompressed ? "var resource =" : "return")} typeof({CSharpNames.Escape(embed.Class)}).Assembly.GetManifestResourceStream(ResourceName)");
        code.Line("    ?? throw new global::System.InvalidOperationException(\"The assembly lacks its resource '\" + ResourceName + \"'.\");");
        if (isCompressed)
            code.Line($"return new {BrotliStream}(resource, global::System.IO.Compression.CompressionMode.Decompress);");
    }

    private static void WriteReadAll(SourceWriter code)
    {
        code.Line("using (var model = OpenRead())");
        code.Block("using (var bytes = new global::System.IO.MemoryStream(model.CanSeek ? (int)model.Length : 0))", () =>
        {
            code.Line("model.CopyTo(bytes);");
            code.Line("return bytes.Capacity == bytes.Length ? bytes.GetBuffer() : bytes.ToArray();");
        });
    }

    private static void WriteSession(SourceWriter code, AccessorSettings settings)
    {
        var optional = settings.Nullable ? "?" : "";
        var source = settings.Embed.As == EmbedAs.Content ? "FilePath" : "ReadAllBytes()";
        code.Summary("Makes a session of ONNX Runtime that runs the model. The caller disposes of it.");
        code.Line($"public static {OrtTypes.Session} CreateSession({OrtTypes.SessionOptions}{optional} options = null) => options is null");
        code.Line($"    ? new {OrtTypes.Session}({source})");
        code.Line($"    : new {OrtTypes.Session}({source}, options);").Line();
    }
}
