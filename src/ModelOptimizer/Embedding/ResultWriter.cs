using static ModelOptimizer.Embedding.OrtTypes;
using static ModelOptimizer.Embedding.SourceWriter;

namespace ModelOptimizer.Embedding;

/// <summary>The part of an accessor that gives outputs their types.</summary>
internal static class ResultWriter
{
    private static readonly string[] Members = ["Result", "Values", "Dispose", .. AccessorConstants.Inherited];

    public static void Write(SourceWriter code, IReadOnlyList<SignatureEntry> outputs, bool nullable)
    {
        code.Summary("What one run gave. Its spans point into memory of the runtime: keep it in a <c>using</c> for as long as they are read.");
        code.Block("public sealed class Result : global::System.IDisposable", () =>
        {
            code.Line("private readonly global::System.IDisposable _inputs;");
            code.Line($"private {Collection}{(nullable ? "?" : "")} _values;").Line();
            code.Block($"internal Result(global::System.IDisposable inputs, {Collection} values)", () =>
                code.Line("_inputs = inputs;").Line("_values = values;")).Line();
            code.Summary("All outputs as values of ONNX Runtime, in the model's order.");
            code.Line($"public global::System.Collections.Generic.IReadOnlyList<{Value}> Values =>");
            code.Line("    _values ?? throw new global::System.ObjectDisposedException(nameof(Result));").Line();
            var names = new NameScope(Members);
            foreach (var (i, output) in outputs.Index())
                WriteOutput(code, output, i, names);
            code.Block("public void Dispose()", () =>
            {
                code.Line("if (_values is null)").Line("    return;");
                code.Line("_values.Dispose();").Line("_values = null;").Line("_inputs.Dispose();");
            });
        }).Line();
    }

    private static void WriteOutput(SourceWriter code, SignatureEntry output, int index, NameScope names)
    {
        var name = names.Take(CSharpNames.ToPascal(output.Name));
        if (output.Type is not { } type || CSharp(type.ElementType) is not { } element)
        {
            code.Summary($"<c>{Xml(output.Name)}</c>: {Xml(WhyOpaque(output.Type))}.");
            code.Line($"public {Value} {name} => Values[{index}];").Line();
            return;
        }
        code.Summary($"<c>{Xml(output.Name)}</c>: {Xml(type.ToString())}.");
        code.Line(element == "string"
            ? $"public string[] {name} => Values[{index}].GetStringTensorAsArray();"
            : $"public global::System.ReadOnlySpan<{element}> {name} => Values[{index}].GetTensorDataAsSpan<{element}>();").Line();
        code.Summary($"The lengths of the axes of <c>{Xml(output.Name)}</c> in this run.");
        code.Line($"public long[] {names.Take($"{name}Shape")} => Values[{index}].GetTensorTypeAndShape().Shape;").Line();
    }
}
