using ModelOptimizer.Onnx;

namespace ModelOptimizer.Benchmarks;

/// <summary>Builds a model of one input and one output, with the same random constants every time.</summary>
internal sealed class CaseBuilder
{
    private static readonly HashSet<string> s_numbers = ["group", "hidden_size", "num_heads", "to"];

    private readonly OnnxModel _model;
    private readonly Random _random = new(1);

    private CaseBuilder(long opset) => _model = OnnxModel.Create(8, new Dictionary<string, long> { [""] = opset, ["com.microsoft"] = 1 });

    public static OnnxModel Build(long opset, long[] input, Func<CaseBuilder, Value, Value> build)
    {
        var builder = new CaseBuilder(opset);
        var x = builder._model.Graph.AddInput("x", new TensorType(DataType.Float, Shape.Of(input)));
        var y = build(builder, x);
        // Large outputs would measure the memory that is allocated for them at every run.
        builder._model.Graph.AddOutput("y", input.Length == 4 ? builder.Op("GlobalMaxPool", [y]) : y);
        return builder._model;
    }

    public long Opset => _model.Opset;

    /// <summary>Random numbers between 0.5 and 1: factors, variances and weights alike.</summary>
    public Value Constant(params long[] dimensions) => Add(Random(_random, dimensions, 0.5f, 1));

    public Value Number(float value) => Add(Tensor.Create([], value));

    public Value Int64s(params long[] elements) => Add(Tensor.Create([elements.Length], elements));

    /// <param name="opType">May name a domain: <c>com.microsoft.Attention</c>.</param>
    public Value Op(string opType, Value[] inputs, params (string Name, long[] Value)[] attributes)
    {
        var dot = opType.LastIndexOf('.');
        var node = _model.Graph.Insert(null, opType[(dot + 1)..], inputs, 1, dot < 0 ? "" : opType[..dot]);
        foreach (var (name, value) in attributes)
            if (s_numbers.Contains(name))
                node.Attributes.Set(name, value[0]);
            else
                node.Attributes.Set(name, value);
        return node.Output();
    }

    /// <summary>Numbers from -1 to 1: activations take their time by the sign.</summary>
    public static Tensor Feed(long[] dimensions) => Random(new Random(2), dimensions, -1, 1);

    private static Tensor Random(Random random, long[] dimensions, float low, float high)
    {
        var elements = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = low + (high - low) * random.NextSingle();
        return Tensor.Create(dimensions, elements);
    }

    private Value Add(Tensor tensor) => _model.Graph.AddInitializer("constant", tensor);
}
