using static ModelOptimizer.Embedding.OrtTypes;

namespace ModelOptimizer.Embedding;

/// <summary>The part of a runner that makes values of ONNX Runtime from arrays and spans, and owns them as long as a result may need them.</summary>
internal static class FeedWriter
{
    private const string Span = "global::System.ReadOnlySpan";
    private const string List = $"global::System.Collections.Generic.List<{Value}>";

    public static void Write(SourceWriter code, IReadOnlyList<RunInput> inputs)
    {
        code.Block("private sealed class Feed : global::System.IDisposable", () =>
        {
            code.Line($"private readonly {List} _owned = new {List}();").Line();
            code.Block($"public Feed(params {Value}[] values)", () =>
            {
                code.Line("for (var i = 0; i < values.Length; i++)").Line("    if (values[i] is null)");
                code.Line("        throw new global::System.ArgumentNullException(InputNames[i]);");
                code.Line($"Values = new {List}(values);");
            }).Line();
            code.Line($"public {List} Values {{ get; }}").Line();
            if (inputs.Any(input => input.Element is not null))
                WriteAdders(code, inputs);
            code.Block("public void Dispose()", () => code.Line("foreach (var value in _owned)").Line("    value.Dispose();"));
        });
    }

    private static void WriteAdders(SourceWriter code, IReadOnlyList<RunInput> inputs)
    {
        if (inputs.Any(input => input.Element is null))
            code.Block($"public void Add({Value} value)", () => code.Line("Values.Add(value);")).Line();
        if (inputs.Any(input => input is { Element: not null, IsText: false }))
            WriteArray(code);
        if (inputs.Any(input => input is { IsMany: true, IsText: false }))
            WriteSpan(code);
        if (inputs.Any(input => input.IsText))
            WriteText(code);
        code.Block($"private {Value} Own({Value} value)", () =>
            code.Line("_owned.Add(value);").Line("Values.Add(value);").Line("return value;")).Line();
        WriteCheck(code);
    }

    private static void WriteArray(SourceWriter code) =>
        code.Block("public void Add<T>(string input, T[] elements, long[] shape) where T : unmanaged", () =>
        {
            code.Line("if (elements is null)").Line("    throw new global::System.ArgumentNullException(input);");
            code.Line("Check(input, elements.Length, shape);");
            code.Line($"Own({Value}.CreateTensorValueFromMemory(elements, shape));");
        }).Line();

    private static void WriteSpan(SourceWriter code) =>
        code.Block($"public void Add<T>(string input, {Span}<T> elements, {ElementType} type, long[] shape) where T : unmanaged", () =>
        {
            code.Line("Check(input, elements.Length, shape);");
            code.Line($"var value = Own({Value}.CreateAllocatedTensorValue({Allocator}, type, shape));");
            code.Line("elements.CopyTo(value.GetTensorMutableDataAsSpan<T>());");
        }).Line();

    /// <summary>Texts are copied in any case: an array converts to a span.</summary>
    private static void WriteText(SourceWriter code) => code.Block($"public void Add(string input, {Span}<string> texts, long[] shape)", () =>
    {
        code.Line("Check(input, texts.Length, shape);");
        code.Line($"var value = Own({Value}.CreateTensorWithEmptyStrings({Allocator}, shape));");
        code.Line("for (var i = 0; i < texts.Length; i++)");
        code.Line("    value.StringTensorSetElementAt(global::System.MemoryExtensions.AsSpan(texts[i]), i);");
    }).Line();

    private static void WriteCheck(SourceWriter code) => code.Block("private static void Check(string input, int given, long[] shape)", () =>
    {
        code.Line("if (shape is null)").Line("    throw new global::System.ArgumentNullException(input + \"Shape\");");
        code.Line("var expected = 1L;");
        code.Block("foreach (var length in shape)", () =>
        {
            code.Line("if (length < 0)");
            code.Line("    throw new global::System.ArgumentException(\"Input '\" + input");
            code.Line("        + \"' can't have the shape [\" + string.Join(\",\", shape) + \"].\");");
            code.Line("expected = length > 0 && expected > long.MaxValue / length ? long.MaxValue : expected * length;");
        });
        code.Line("if (given != expected)");
        code.Line("    throw new global::System.ArgumentException(\"Input '\" + input + \"' takes \" + expected + \" elements for the shape [\"");
        code.Line("        + string.Join(\",\", shape) + \"], but \" + given + \" are given.\");");
    }).Line();
}
