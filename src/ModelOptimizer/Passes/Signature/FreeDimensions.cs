using System.Globalization;
using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>The dimensions of a model's inputs that callers choose.</summary>
internal sealed partial class FreeDimensions
{
    private readonly IReadOnlyDictionary<string, Value> _inputs;
    private readonly IReadOnlyList<string> _symbols;

    public FreeDimensions(Graph graph)
    {
        _inputs = graph.Inputs.Where(input => input.Initializer is null).ToDictionary(input => input.Name);
        _symbols = [.. graph.Inputs.SelectMany(input => input.Declared?.Shape?.Dimensions ?? []).Where(axis => axis.Value is null && !string.IsNullOrEmpty(axis.Symbol))
            .Select(axis => axis.Symbol!).Distinct()];
    }

    /// <summary>What a profile may name, in words.</summary>
    public string Choices => (_symbols.Count, UnnamedAxes().ToList()) switch
    {
        (0, []) => "all lengths of the inputs are fixed already",
        (0, var axes) => $"the inputs have no symbols; name an axis: {string.Join(", ", axes)}",
        (_, var axes) => $"the inputs have {string.Join(", ", [.. _symbols, .. axes])}",
    };

    /// <summary>The axes without length and symbol, in the quotes that YAML asks for around brackets.</summary>
    private IEnumerable<string> UnnamedAxes() =>
        from input in _inputs.Values
        from axis in (input.Declared?.Shape?.Dimensions ?? []).Index()
        where axis.Item.Value is null && string.IsNullOrEmpty(axis.Item.Symbol)
        select $"\"{input.Name}[{axis.Index}]\"";

    public DimensionBinding Bind(NamedNumber length)
    {
        var binding = new DimensionBinding(length.Name, length.Value, length.Location);
        if (_symbols.Contains(length.Name))
            return binding with { Symbol = length.Name };
        if (AxisOfInput().Match(length.Name) is { Success: true } parts)
            return BindAxis(binding, parts.Groups["input"].Value, int.Parse(parts.Groups["axis"].Value, CultureInfo.InvariantCulture));
        var hint = Suggestion.For(length.Name, _symbols) is null ? $"; {Choices}" : Suggestion.Clause(length.Name, _symbols);
        return binding with { Mistake = $"No input of the model has a dimension '{length.Name}'{hint}" };
    }

    private DimensionBinding BindAxis(DimensionBinding binding, string name, int place)
    {
        if (!_inputs.TryGetValue(name, out var input))
            return binding with { Mistake = $"The model has no input '{name}'{Suggestion.ClauseOrList(name, [.. _inputs.Keys])}" };
        if (input.Declared?.Shape is not { } shape)
            return binding with { Mistake = $"How many axes '{name}' has is not declared, so that none of them can be fixed" };
        var axis = place < 0 ? place + shape.Rank : place;
        if (axis < 0 || axis >= shape.Rank)
            return binding with { Mistake = $"Input '{name}' is {shape} and has no axis {place}" };
        return shape[axis] switch
        {
            { Value: { } length } when length == binding.Length => binding with { IsFixed = true },
            { Value: { } length } => binding with { Mistake = $"Axis {place} of '{name}' has the length {length}" },
            { Symbol: { Length: > 0 } symbol } => binding with { Symbol = symbol },
            _ => binding with { Input = input, Axis = axis },
        };
    }

    [GeneratedRegex(@"^(?<input>.+)\[(?<axis>-?[0-9]{1,3})\]\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex AxisOfInput();
}
