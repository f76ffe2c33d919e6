using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>One output of a graph's signature. The name belongs to the slot, whatever value it shows.</summary>
public sealed class GraphOutput
{
    private readonly Graph _graph;

    internal GraphOutput(Graph graph, int index, ValueInfoProto info)
    {
        _graph = graph;
        Index = index;
        Info = info;
    }

    internal int Index { get; set; }

    internal ValueInfoProto Info { get; }

    public string Name => Info.Name;

    /// <summary>The declared type; null when it is not a tensor or not declared.</summary>
    public TensorType? Type
    {
        get => ProtoTypes.ToTensorType(Info.Type);
        set
        {
            Info.Type = value is null ? null : ProtoTypes.ToProto(value);
            _graph.Touch();
        }
    }

    public Value Value
    {
        get => _graph.Return.Input(Index)!;
        set => _graph.Return.SetInput(Index, value);
    }
}
