using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>A scratch model in which every question is a node of its own and every output an output of the model.</summary>
internal sealed class TypeScratch
{
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    private readonly OnnxModel _model;
    private readonly List<Node> _nodes = [];

    public TypeScratch(OnnxModel source, IReadOnlyList<TypeQuestion> questions)
    {
        var opsets = new Dictionary<string, long>(source.OpsetImports) { [""] = questions[0].Opset };
        // Some exporters use the runtime's own operators without saying so.
        foreach (var question in questions)
            opsets.TryAdd(question.Node.Domain, 1);
        _model = OnnxModel.Create(Math.Max(source.IrVersion, 4), opsets, source.Path);
        foreach (var question in questions)
            _nodes.Add(_model.Graph.InsertCopy(null, question.Node, [.. question.Inputs.Select(Feed)]));
    }

    /// <returns>For each question the types of its outputs, null for what is no tensor; null when the runtime refuses the model.</returns>
    public IReadOnlyList<TensorType?[]>? Ask(IInferenceEngine engine)
    {
        var asked = new List<(Value Output, Value Rank)>();
        foreach (var output in _nodes.SelectMany(node => node.Outputs).OfType<Value>().ToList())
            asked.Add((output, _model.Graph.Insert(null, "Shape", [output]).Output()));
        foreach (var (output, rank) in asked)
        {
            _model.Graph.AddOutput($"output_{_model.Graph.Outputs.Count}", output);
            _model.Graph.AddOutput($"output_{_model.Graph.Outputs.Count}", rank);
        }
        try
        {
            using var session = engine.Open(_model, AsWritten);
            var types = asked.Select((pair, i) => (pair.Output, Type: TypeOf(session.Outputs[2 * i].Type, session.Outputs[2 * i + 1].Type)))
                .ToDictionary(pair => pair.Output, pair => pair.Type);
            return [.. _nodes.Select(node => node.Outputs.Select(output => output is null ? null : types[output]).ToArray())];
        }
        catch (InferenceException)
        {
            return null;
        }
    }

    /// <summary>The runtime reports an unknown rank as 0. The length of <c>Shape(value)</c>, which is the rank, tells them apart.</summary>
    private static TensorType? TypeOf(TensorType? type, TensorType? shapeOf)
    {
        var isKnown = type?.Shape?.Rank > 0 || shapeOf?.Shape is { Rank: 1 } rank && rank[0].Value == 0;
        return type is null || isKnown ? type : type with { Shape = null };
    }

    private Value? Feed(TypedInput? input) => input switch
    {
        null => null,
        { Content: { } content } => _model.Graph.AddInitializer("", content),
        { Type: var type } => _model.Graph.AddInput($"input_{_model.Graph.Inputs.Count}", type),
    };
}
