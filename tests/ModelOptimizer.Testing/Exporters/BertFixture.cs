using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Sizes of a BERT.</summary>
/// <param name="Size">Elements of a head.</param>
public sealed record BertSize(int Layers, int Heads, int Size)
{
    public const int Vocabulary = 31;

    public const int Longest = 128;

    /// <summary>Words that have an embedding.</summary>
    public int Words { get; init; } = Vocabulary;

    public int Width => Heads * Size;
}

/// <summary>
/// The encoder of HuggingFace's BertModel as PyTorch 1.4's TorchScript exporter writes it: embeddings, then layers of attention and a feed-forward
/// part, each with its residual and layer normalization. Of all this ONNX Runtime makes Attention and SkipLayerNormalization when it loads the
/// model, up to opset 12. (Devlin et al., "BERT", arXiv 1810.04805.)
/// </summary>
public sealed class BertFixture
{
    private readonly GraphBuilder _g;
    private readonly BertSize _size;
    private readonly bool _isTrained;

    private BertFixture(long opset, BertSize size, bool isTrained) => (_g, _size, _isTrained) = (new GraphBuilder(opset), size, isTrained);

    /// <param name="isTrained">
    /// Whether gains and biases are random; where they are not, they are the ones and zeros that training begins with.
    /// </param>
    public static OnnxModel Build(long opset, BertSize size, bool isTrained = true) => new BertFixture(opset, size, isTrained).Build();

    private OnnxModel Build()
    {
        var tokens = _g.Input("input_ids", DataType.Int64, "batch", "sequence");
        var mask = Mask(_g.Input("attention_mask", DataType.Int64, "batch", "sequence"));
        var hidden = Embed(tokens, _g.Input("token_type_ids", DataType.Int64, "batch", "sequence"));
        for (var i = 0; i < _size.Layers; i++)
            hidden = Layer(hidden, mask, $"encoder.layer.{i}");
        _g.Output("last_hidden_state", hidden);
        return _g.Build();
    }

    /// <summary>0 where attended, −10000 elsewhere: <c>[batch, 1, 1, sequence]</c>.</summary>
    private Value Mask(Value attended)
    {
        var flags = _g.Op("Cast", [Unsqueeze(Unsqueeze(attended, 1), 2)], ("to", (long)DataType.Float));
        return _g.Op("Mul", _g.Op("Sub", Number(1), flags), Number(-10000));
    }

    /// <summary>Positions are counted, and repeated for each row of the batch.</summary>
    private Value Embed(Value tokens, Value types)
    {
        var (zero, one) = (_g.Constant(Tensor.Create([], 0L)), _g.Constant(Tensor.Create([], 1L)));
        var positions = _g.Op("Expand", Unsqueeze(_g.Op("Range", zero, Length(tokens, 1), one), 0), _g.Op("Shape", tokens));
        _g.Declare(positions, tokens.Type!); // else the runtime does not know the length, and makes no SkipLayerNormalization
        var words = _g.Op("Add", Table("word", _size.Words, tokens), Table("token_type", 2, types));
        return Normalize(_g.Op("Add", words, Table("position", BertSize.Longest, positions)), "embeddings.LayerNorm");
    }

    private Value Table(string name, int rows, Value indices) =>
        _g.Op("Gather", _g.Initializer($"embeddings.{name}_embeddings.weight", Random(name, 1, rows, _size.Width)), indices);

    private Value Layer(Value hidden, Value mask, string name)
    {
        var context = Attend(hidden, mask, $"{name}.attention.self");
        var attended = Linear(context, $"{name}.attention.output.dense", _size.Width, _size.Width);
        hidden = Normalize(_g.Op("Add", attended, hidden), $"{name}.attention.output.LayerNorm");
        var wide = Gelu(Linear(hidden, $"{name}.intermediate.dense", _size.Width, 4 * _size.Width));
        return Normalize(_g.Op("Add", Linear(wide, $"{name}.output.dense", 4 * _size.Width, _size.Width), hidden), $"{name}.output.LayerNorm");
    }

    /// <summary>The softmax names its axis from the start, as PyTorch up to 1.4 did: ONNX Runtime looks for 3.</summary>
    private Value Attend(Value hidden, Value mask, string name)
    {
        var products = _g.Op("MatMul", Apart("query", 0, 2, 1, 3), Apart("key", 0, 2, 3, 1));
        var scores = _g.Op("Add", _g.Op("Div", products, Number(MathF.Sqrt(_size.Size))), mask);
        var context = Transpose(_g.Op("MatMul", _g.Op("Softmax", [scores], ("axis", 3L)), Apart("value", 0, 2, 1, 3)), 0, 2, 1, 3);
        return _g.Op("Reshape", context, View(context, _size.Width));

        Value Apart(string part, params long[] permutation)
        {
            var rows = Linear(hidden, $"{name}.{part}", _size.Width, _size.Width);
            return Transpose(_g.Op("Reshape", rows, View(rows, _size.Heads, _size.Size)), permutation);
        }
    }

    /// <summary>The first two lengths of <paramref name="x"/> as they are, then those given.</summary>
    private Value View(Value x, params long[] lengths) => _g.Op("Concat",
        [Unsqueeze(Length(x, 0), 0), Unsqueeze(Length(x, 1), 0), .. lengths.Select(length => Int64s(length))], ("axis", 0L));

    private Value Length(Value x, long axis) =>
        _g.Op("Gather", [_g.Op("Shape", x), _g.Constant(Tensor.Create([], axis))], ("axis", 0L));

    private Value Linear(Value x, string name, int inputs, int outputs)
    {
        var product = _g.Op("MatMul", x, _g.Initializer($"{name}.weight", Random(name, 1 / MathF.Sqrt(inputs), inputs, outputs)));
        return _g.Op("Add", product, Parameter($"{name}.bias", 0, outputs));
    }

    private Value Normalize(Value x, string name)
    {
        var deviation = _g.Op("Sub", x, Mean(x));
        var variance = Mean(_g.Op("Pow", deviation, Number(2)));
        var normalized = _g.Op("Div", deviation, _g.Op("Sqrt", _g.Op("Add", variance, Number(1e-12f))));
        return _g.Op("Add", _g.Op("Mul", normalized, Parameter($"{name}.weight", 1, _size.Width)), Parameter($"{name}.bias", 0, _size.Width));
    }

    private Value Mean(Value x) => _g.Op("ReduceMean", [x], ("axes", new[] { -1L }), ("keepdims", 1L));

    private Value Gelu(Value x) => _g.Op("Mul",
        _g.Op("Mul", x, _g.Op("Add", _g.Op("Erf", _g.Op("Div", x, Number(MathF.Sqrt(2)))), Number(1))), Number(0.5f));

    private Value Transpose(Value x, params long[] permutation) => _g.Op("Transpose", [x], ("perm", permutation));

    private Value Unsqueeze(Value x, long axis) =>
        _g.Opset >= 13 ? _g.Op("Unsqueeze", x, Int64s(axis)) : _g.Op("Unsqueeze", [x], ("axes", new[] { axis }));

    private Value Int64s(params long[] numbers) => _g.Constant(Tensor.Create([numbers.Length], numbers));

    private Value Number(float number) => _g.Constant(Tensor.Create([], number));

    /// <summary>What training begins at <paramref name="initial"/>.</summary>
    private Value Parameter(string name, float initial, int length)
    {
        float[] elements = _isTrained ? [.. Random(name, 0.5f, length).AsSpan<float>()] : new float[length];
        return _g.Initializer(name, Tensor.Create([length], [.. elements.Select(element => initial + element)]));
    }

    /// <summary>Numbers from −<paramref name="most"/> to it, the same for a name every time.</summary>
    private static Tensor Random(string name, float most, params long[] dimensions)
    {
        var random = new Random(name.Aggregate(0, (sum, letter) => 31 * sum + letter));
        var elements = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = most * (2 * random.NextSingle() - 1);
        return Tensor.Create(dimensions, elements);
    }
}
