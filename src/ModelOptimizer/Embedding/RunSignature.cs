using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Embedding;

/// <summary>An input as a parameter of the generated <c>Run</c>.</summary>
/// <param name="Name">Unique among the parameters; not escaped.</param>
/// <param name="Element">The C# element type; null where the input is passed as a value of ONNX Runtime.</param>
/// <param name="Axes">The lengths as C# expressions; null when the caller gives the whole shape as <paramref name="ShapeName"/>.</param>
internal sealed record RunInput(SignatureEntry Entry, string Name, string? Element, IReadOnlyList<string>? Axes, string? ShapeName)
{
    public bool IsScalar => Axes is { Count: 0 };

    public bool IsText => Element == "string";

    /// <summary>Passed as an array or a span.</summary>
    public bool IsMany => Element is not null && !IsScalar;

    public string ShapeExpression => Axes is null ? CSharpNames.Escape(ShapeName!)
        : Axes.Count == 0 ? "new long[0]"
        : $"new long[] {{ {string.Join(", ", Axes)} }}";
}

/// <summary>A parameter that says what the signature leaves open of shapes.</summary>
/// <param name="Type"><c>long</c>, or <c>long[]</c> where not even the rank is known.</param>
/// <param name="Name">Unique among the parameters; not escaped.</param>
/// <param name="Meaning">For the documentation, as plain text.</param>
internal sealed record RunLength(string Type, string Name, string Meaning);

/// <summary>The parameters of the generated <c>Run</c>: one per input, then one per symbol or unknown length in their shapes.</summary>
internal sealed class RunSignature
{
    /// <summary>Names that the generated body uses itself.</summary>
    private static readonly string[] Locals = ["feed", "options"];

    private readonly NameScope _names = new(Locals);
    private readonly Dictionary<string, string> _symbols = new(StringComparer.Ordinal);
    private readonly List<RunLength> _lengths = [];

    public RunSignature(ModelSignature signature)
    {
        var names = signature.Inputs.Select(input => _names.Take(CSharpNames.ToCamel(input.Name))).ToArray();
        Inputs = [.. signature.Inputs.Zip(names, Parameter)];
    }

    public IReadOnlyList<RunInput> Inputs { get; }

    public IReadOnlyList<RunLength> Lengths => _lengths;

    private RunInput Parameter(SignatureEntry entry, string name)
    {
        if (entry.Type is not { } type || OrtTypes.CSharp(type.ElementType) is not { } element)
            return new(entry, name, null, null, null);
        if (type.Shape is { } shape)
            return new(entry, name, element, [.. shape.Dimensions.Select((axis, i) => Axis(entry, name, axis, i))], null);
        return new(entry, name, element, null, Add("long[]", $"{name}Shape", $"The shape of '{entry.Name}'."));
    }

    private string Axis(SignatureEntry entry, string input, Dimension axis, int index)
    {
        if (axis.Value is >= 0 and { } length)
            return length.ToString(CultureInfo.InvariantCulture);
        if (axis.Value is not null || string.IsNullOrEmpty(axis.Symbol))
            return CSharpNames.Escape(Add("long", $"{input}Length{index}", $"The length of axis {index} of '{entry.Name}'."));
        if (!_symbols.TryGetValue(axis.Symbol, out var name))
            _symbols[axis.Symbol] = name = Add("long", CSharpNames.ToCamel(axis.Symbol), $"The length of axes called '{axis.Symbol}'.");
        return CSharpNames.Escape(name);
    }

    private string Add(string type, string name, string meaning)
    {
        var free = _names.Take(name);
        _lengths.Add(new(type, free, meaning));
        return free;
    }
}
