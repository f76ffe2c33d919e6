using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Writes what was decided: types of values, constants, and a Cast wherever a value crosses a border, one for all its readers there.</summary>
internal sealed class HalfWriter(HalfGraph graph, HalfConstants constants)
{
    private readonly List<Value> _replaced = [];
    private readonly List<Node> _passedBy = [];

    public void Write()
    {
        var edges = graph.Edges.ToDictionary(edge => edge.Value);
        var mixed = HalfNormalization.Find(graph).Where(each => each.IsMixed(edges)).ToList();
        foreach (var edge in graph.Edges)
        {
            Declare(edge.Readers);
            if (edge.Maker is null)
                ReadHalf(edge);
            else
                Write(edge, edge.Maker.IsHalf);
        }
        foreach (var vertex in graph.Vertices.Where(vertex => vertex.IsHalf))
            Retype(vertex);
        foreach (var each in mixed)
            each.Part(graph.Model);
        ConstantValues.RemoveUnused(_replaced);
        foreach (var cast in _passedBy.Where(cast => cast.Output().Uses.Count == 0))
            cast.Remove();
    }

    private void ReadHalf(HalfEdge constant)
    {
        var readers = constant.Readers.Where(reader => reader.Vertex.IsHalf).ToList();
        if (readers.Count == 0)
            return;
        Redirect(readers, constants.Of(constant.Value));
        _replaced.Add(constant.Value);
    }

    private void Write(HalfEdge edge, bool isHalf)
    {
        if (isHalf && edge.Value.Declared is { } declared)
            edge.Value.Declare(declared with { ElementType = DataType.Float16 });
        var strangers = edge.Readers.Where(reader => reader.Vertex.IsHalf != isHalf).ToList();
        if (strangers.Count == 0)
            return;
        if (HalfPlan.IsHalfAlready(edge.Value))
            PassBy(edge.Value.Producer!, strangers);
        else
            Redirect(strangers, Cast(edge.Value, isHalf));
    }

    /// <summary>What a Cast makes float32 of is at hand.</summary>
    private void PassBy(Node cast, IEnumerable<(Use Use, HalfVertex Vertex)> readers)
    {
        Redirect(readers, cast.Input(0)!);
        _passedBy.Add(cast);
    }

    /// <summary>Right behind what makes the value, so that bodies that read it share it, too.</summary>
    private static Value Cast(Value value, bool isHalf)
    {
        var to = isHalf ? DataType.Float : DataType.Float16;
        var cast = value.Producer is { } maker ? value.Graph.InsertAfter(maker, "Cast", [value]) : value.Graph.InsertFirst("Cast", [value]);
        cast.Output().Name = $"{value}_{to.ToOnnxName()}";
        cast.Attributes.Set("to", (long)to);
        return cast.Output();
    }

    private static void Redirect(IEnumerable<(Use Use, HalfVertex Vertex)> readers, Value value)
    {
        foreach (var (use, _) in readers)
            use.User.SetInput(use.Index, value);
    }

    /// <summary>Brings what is said about outputs of the model or of a body in line.</summary>
    private static void Declare(IEnumerable<(Use Use, HalfVertex Vertex)> readers)
    {
        foreach (var (use, _) in readers.Where(reader => reader.Vertex.IsHalf && reader.Use.User.IsReturn))
            if (use.User.Graph!.Outputs[use.Index] is { Type: { } type } output)
                output.Type = type with { ElementType = DataType.Float16 };
    }

    /// <summary>Attributes that name a type.</summary>
    private static void Retype(HalfVertex vertex)
    {
        if (vertex.Node is not { } node)
            return;
        if (node.Is("Cast") && node.Attributes.TryGetInt("to") == (long)DataType.Float)
            node.Attributes.Set("to", (long)DataType.Float16);
        if (node.Is("ConstantOfShape") && (node.Attributes.GetTensor("value") is not { } fill || fill.ElementType == DataType.Float))
            node.Attributes.Set("value", Fill(node.Attributes.GetTensor("value")));
    }

    private static Tensor Fill(Tensor? value) => Tensor.Create(DataType.Float16, [1], new[] { (Half)(value?.AsSpan<float>()[0] ?? 0) });
}
