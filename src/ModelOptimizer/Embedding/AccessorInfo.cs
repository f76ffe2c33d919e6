using System.Globalization;
using static ModelOptimizer.Embedding.SourceWriter;

namespace ModelOptimizer.Embedding;

/// <summary>The part of an accessor that tells what the model is.</summary>
internal static class AccessorInfo
{
    public static void Write(SourceWriter code, AccessorSettings settings)
    {
        var facts = settings.Facts;
        code.Summary("What the model is.");
        code.Block("public static class ModelInfo", () =>
        {
            Text("OriginalName", settings.OriginalName, "The file that it was made from.");
            Number("SizeBytes", facts.SizeBytes, "Its bytes as a runtime gets them: uncompressed, without external data beside a file.");
            Text("Sha256", facts.Sha256, "The SHA-256 of these bytes, in lower-case hex.");
            Number("Opset", facts.Opset, "The version of the standard operators.");
            Number("IrVersion", facts.IrVersion, "The version of the format.");
            Text("ProducerName", facts.ProducerName, "The program that wrote the original; empty when it doesn't say.");
            Text("ProducerVersion", facts.ProducerVersion, "The version of that program.");
        }).Line();

        void Text(string name, string value, string summary) => code.Summary(summary).Line($"public const string {name} = {Literal(value)};");
        void Number(string name, long value, string summary) =>
            code.Summary(summary).Line($"public const long {name} = {value.ToString(CultureInfo.InvariantCulture)};");
    }
}
