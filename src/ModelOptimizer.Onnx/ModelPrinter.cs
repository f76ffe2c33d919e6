using System.CodeDom.Compiler;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// Shows a model in ONNX text syntax, under the names and in the order in which it would be saved. Long tensors show their size and
/// a digest instead of their elements.
/// </summary>
public static class ModelPrinter
{
    /// <summary>The model as text, equal for equal models.</summary>
    public static string Print(OnnxModel model)
    {
        using var text = new StringWriter { NewLine = "\n" };
        using var writer = new IndentedTextWriter(text, "  ") { NewLine = "\n" };
        // Inline, because a digest should tell of the content, not of where it lies.
        var proto = ModelMessage.Of(model, new InlinePlace()).Proto;
        PrintHeader(writer, proto);
        var graphs = new GraphPrinter(writer);
        graphs.Print(proto.Graph);
        writer.WriteLine();
        foreach (var function in proto.Functions)
            graphs.Print(function);
        return text.ToString();
    }

    private static void PrintHeader(IndentedTextWriter writer, ModelProto proto)
    {
        string[] properties =
        [
            $"ir_version: {proto.IrVersion}",
            $"opset_import: {TextSyntax.Opsets(proto.OpsetImport)}",
            .. Property("producer_name", proto.ProducerName),
            .. Property("producer_version", proto.ProducerVersion),
            .. Property("domain", proto.Domain),
            .. proto.MetadataProps.Count > 0 ? [$"metadata_props: {TextSyntax.Properties(proto.MetadataProps)}"] : Array.Empty<string>(),
        ];
        writer.WriteLine($"<{string.Join(", ", properties)}>");
    }

    private static string[] Property(string name, string value) => value.Length == 0 ? [] : [$"{name}: {TextSyntax.Quote(value)}"];
}
