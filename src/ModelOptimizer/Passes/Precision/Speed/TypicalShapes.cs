using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lengths of values as a usual run has them: those that are known, one for a batch, and for pictures and sequences of any size one size for all, so
/// that what is decided by them depends on the model alone.
/// </summary>
internal sealed class TypicalShapes
{
    /// <summary>Positions of a sequence.</summary>
    private const long Sequence = 64;

    /// <summary>Rows and columns of a picture.</summary>
    private const long Picture = 224;

    private readonly Dictionary<Value, (double Height, double Width)> _maps = [];

    /// <summary>What symbols stand for.</summary>
    private readonly Dictionary<string, double> _symbols = [];

    /// <summary>Lengths of axes without a symbol.</summary>
    private readonly Dictionary<(Value Value, int Axis), double> _axes = [];

    /// <param name="model">A model whose types have been inferred.</param>
    public TypicalShapes(OnnxModel model)
    {
        foreach (var input in model.Graph.Inputs.Where(IsMap))
            _maps[input] = (Picture, Picture);
        LearnSymbols(model.Graph.Inputs);
        foreach (var node in GraphWalker.Nodes(model))
        {
            if (node.Outputs.OfType<Value>().FirstOrDefault(IsMap) is { } output && MapOf(node) is { } map)
                _maps[output] = map;
            if (node.Is("Reshape", "Flatten"))
                LearnReshaped(node.Input(0)!, node.Output());
        }
    }

    /// <summary>The lengths; null for a value of unknown rank, or of a number of rows that nothing tells.</summary>
    public double[]? Of(Value value)
    {
        if (value.Type?.Shape is not { } shape)
            return null;
        var lengths = Enumerable.Range(0, shape.Rank).Select(axis => Length(value, axis)).OfType<double>().ToArray();
        return lengths.Length == shape.Rank ? lengths : null;
    }

    /// <summary>How many elements it has; 0 where nothing tells.</summary>
    public double Elements(Value value) => Of(value)?.Aggregate(1.0, (product, length) => product * length) ?? 0;

    private static bool IsMap(Value value) => value.Type?.Shape?.Rank == 4;

    private double? Length(Value value, int axis)
    {
        var (shape, isMap) = (value.Type!.Shape!, _maps.TryGetValue(value, out var map));
        return shape[axis].Value ?? Depth(value, axis) ?? (isMap && axis >= 2 ? axis == 2 ? map.Height : map.Width : Told(value, axis))
            ?? (axis > 0 || shape.Rank == 1 ? Sequence : shape.Rank > 2 || value.IsGraphInput ? 1 : null);
    }

    /// <summary>Independent of the inputs' order: of the axes with one symbol that which tells most counts, and of equals the longest.</summary>
    private void LearnSymbols(IEnumerable<Value> inputs)
    {
        var told = inputs.SelectMany(input => Enumerable.Range(0, input.Type?.Shape?.Rank ?? 0).Select(axis => (Input: input, Axis: axis)))
            .Where(place => place.Input.Type!.Shape![place.Axis].Symbol is { Length: > 0 })
            .GroupBy(place => place.Input.Type!.Shape![place.Axis].Symbol!,
                place => (Telling: Telling(place.Input, place.Axis), Length: Length(place.Input, place.Axis)!.Value))
            .Select(group => (Symbol: group.Key, group.Max().Length)).ToList();
        foreach (var (symbol, length) in told)
            _symbols.Add(symbol, length);
    }

    /// <summary>
    /// How much an axis tells about its symbol. A weight is exact; sequences lie behind the batch, and what is called a batch lies in front, but for
    /// states of recurrent layers; one axis alone may be a list of anything.
    /// </summary>
    private static int Telling(Value input, int axis)
    {
        var shape = input.Type!.Shape!;
        var isBatch = shape[axis].Symbol!.Contains("batch", StringComparison.OrdinalIgnoreCase);
        return Depth(input, axis) is not null ? 3 : shape.Rank == 1 ? 0 : isBatch == (axis == 0) ? 2 : 1;
    }

    /// <summary>What symbols or a Reshape tell.</summary>
    private double? Told(Value value, int axis) => _axes.TryGetValue((value, axis), out var length) ? length
        : value.Type!.Shape![axis].Symbol is { Length: > 0 } symbol ? Evaluate(symbol) : null;

    /// <summary>Of a polynomial such as <c>batch*seq + 2*batch</c>; null where it has parts that are not known.</summary>
    private double? Evaluate(string symbol)
    {
        if (_symbols.TryGetValue(symbol, out var known))
            return known;
        if (symbol.AsSpan().ContainsAny("()'"))
            return null;
        var sum = 0.0;
        foreach (var term in symbol.Replace(" - ", " + -1*", StringComparison.Ordinal).Split(" + "))
        {
            var product = 1.0;
            foreach (var factor in term.Split('*'))
                if (_symbols.TryGetValue(factor, out var length)
                    || double.TryParse(factor, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out length))
                    product *= length;
                else
                    return null;
            sum += product;
        }
        return sum > 0 ? sum : null;
    }

    /// <summary>As many elements as before: of one length that nothing else tells, that is enough to know it.</summary>
    private void LearnReshaped(Value input, Value output)
    {
        if (output.Type?.Shape is not { } shape || Elements(input) is not (> 0 and var elements))
            return;
        var axes = Enumerable.Range(0, shape.Rank).ToList();
        if (axes.FindAll(axis => shape[axis].Value is null && Depth(output, axis) is null && Told(output, axis) is null) is not [var only])
            return;
        var rest = axes.Where(axis => axis != only).Aggregate(1.0, (product, axis) => product * Length(output, axis)!.Value);
        var length = Math.Max(1, elements / rest);
        if (shape[only].Symbol is { Length: > 0 } symbol)
            _symbols.TryAdd(symbol, length);
        else
            _axes[(output, only)] = length;
    }

    /// <summary>What a weight says about the axis along which it is multiplied.</summary>
    private static double? Depth(Value value, int axis)
    {
        foreach (var use in value.Uses.Where(use => use.Index == 0 && use.User.Is("MatMul", "Gemm") && use.User.Input(1)?.Constant is not null))
        {
            var (weight, node) = (use.User.Input(1)!.Constant!.Dimensions, use.User);
            var depthAxis = node.Attributes.GetInt("transA", 0) != 0 ? 0 : value.Type!.Shape!.Rank - 1;
            if (axis == depthAxis && weight.Length > 0)
                return weight[node.Attributes.GetInt("transB", 0) != 0 || weight.Length == 1 ? ^1 : ^2];
        }
        return null;
    }

    /// <summary>The size of the picture that a node makes of the one it reads.</summary>
    private (double, double)? MapOf(Node node)
    {
        var inputs = node.Inputs.OfType<Value>().Where(_maps.ContainsKey).Select(value => Of(value)!).ToList();
        if (inputs.Count == 0)
            return null;
        var (height, width) = (inputs.Max(input => input[2]), inputs.Max(input => input[3]));
        var (down, across) = node.OpType switch
        {
            "Conv" or "MaxPool" or "AveragePool" when node.Attributes.TryGetInts("strides") is [var y, var x] => (1.0 / y, 1.0 / x),
            "ConvTranspose" when node.Attributes.TryGetInts("strides") is [var y, var x] => (y, x),
            "Resize" or "Upsample" => (2.0, 2.0),
            _ => (1.0, 1.0),
        };
        return (Math.Ceiling(height * down), Math.Ceiling(width * across));
    }
}
