using System.Globalization;
using ModelOptimizer.Onnx;
using static ModelOptimizer.Embedding.SourceWriter;

namespace ModelOptimizer.Embedding;

/// <summary>The part of an accessor that tells the model's inputs or outputs: names, element types and shapes.</summary>
internal static class AccessorConstants
{
    /// <summary>Names that every class has already.</summary>
    public static readonly string[] Inherited = ["Equals", "GetHashCode", "GetType", "ToString", "ReferenceEquals", "MemberwiseClone", "Finalize"];

    /// <param name="side"><c>Inputs</c> or <c>Outputs</c>.</param>
    public static void Write(SourceWriter code, string side, IReadOnlyList<SignatureEntry> entries)
    {
        var word = side == "Inputs" ? "input" : "output";
        code.Summary($"The names of the model's {word}s, in their order.");
        code.Line($"public static global::System.Collections.Generic.IReadOnlyList<string> {side[..^1]}Names {{ get; }} =");
        code.Line($"    new string[] {{ {string.Join(", ", entries.Select(entry => Literal(entry.Name)))} }};").Line();
        code.Summary($"The model's {word}s.");
        var names = new NameScope([side, .. Inherited]);
        code.Block($"public static class {side}", () =>
        {
            foreach (var (i, entry) in entries.Index())
                WriteEntry(i == 0 ? code : code.Line(), names.Take(EntryName(entry)), entry);
        });
    }

    /// <summary>A class can't hold a member of its own name: a tensor called <c>shape</c> becomes <c>ShapeTensor</c>.</summary>
    private static string EntryName(SignatureEntry entry)
    {
        var name = CSharpNames.ToPascal(entry.Name);
        return name is "Name" or "ElementType" or "Shape" or "Dimensions" ? $"{name}Tensor" : name;
    }

    private static void WriteEntry(SourceWriter code, string name, SignatureEntry entry)
    {
        code.Summary($"<c>{Xml(entry.Name)}</c>: {Xml(entry.Type?.ToString() ?? "not a plain tensor")}.");
        code.Block($"public static class {name}", () =>
        {
            code.Line($"public const string Name = {Literal(entry.Name)};");
            if (entry.Type is not { } type)
                return;
            code.Line().Summary("The element type as ONNX spells it.");
            code.Line($"public const string ElementType = {Literal(type.ElementType.ToOnnxName())};");
            if (type.Shape is { } shape)
                WriteShape(code, shape);
        });
    }

    private static void WriteShape(SourceWriter code, Shape shape)
    {
        code.Line().Summary("The axes: lengths, and names of those that may vary.");
        code.Line($"public const string Shape = {Literal(shape.ToString())};");
        code.Line().Summary("The lengths of the axes; -1 where it may vary.");
        code.Line($"public static long[] Dimensions => new long[] {{ {string.Join(", ", shape.Dimensions.Select(Length))} }};");
    }

    private static string Length(Dimension axis) => (axis.Value ?? -1).ToString(CultureInfo.InvariantCulture);
}
