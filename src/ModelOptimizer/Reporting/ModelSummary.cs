using ModelOptimizer.Onnx;

namespace ModelOptimizer.Reporting;

/// <summary>One constant of a model: an initializer or the content of a Constant node.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Type">Element type and shape.</param>
/// <param name="Bytes">Bytes of its packed elements.</param>
/// <param name="Operator">An operator that reads it, the first by name; "" when nothing does.</param>
/// <param name="IsExternal">Whether its bytes lie in a file beside the model.</param>
public sealed record ConstantSummary(string Name, TensorType Type, long Bytes, string Operator, bool IsExternal);

/// <summary>What a model is made of. Bodies and functions count; Constant nodes count as data, not as nodes.</summary>
public sealed record ModelSummary
{
    private ModelSummary(OnnxModel model, IReadOnlyList<ConstantSummary> constants)
    {
        Opsets = model.OpsetImports;
        IrVersion = model.IrVersion;
        Nodes = Computing(model).Count();
        Graphs = GraphWalker.Graphs(model).Count();
        Operators = CountByOperator(model);
        Constants = constants;
    }

    /// <summary>Versions by domain; "" is the standard one.</summary>
    public IReadOnlyDictionary<string, long> Opsets { get; }

    public long IrVersion { get; }

    public int Nodes { get; }

    /// <summary>The main graph, bodies and functions.</summary>
    public int Graphs { get; }

    /// <summary>Nodes by operator, domain in front when it is not the standard one, most frequent first.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Operators { get; }

    /// <summary>All constants, largest first. A tensor that several values share is listed with each, which is how the file holds it.</summary>
    public IReadOnlyList<ConstantSummary> Constants { get; }

    /// <summary>Elements of all constants.</summary>
    public long Parameters => Constants.Sum(constant => constant.Type.Shape!.ElementCount ?? 0);

    /// <summary>Bytes of all constants.</summary>
    public long ConstantBytes => Constants.Sum(constant => constant.Bytes);

    public static ModelSummary Of(OnnxModel model) =>
        new(model, [.. AllConstants(model).OrderByDescending(constant => constant.Bytes).ThenBy(constant => constant.Name, StringComparer.Ordinal)]);

    /// <summary>The operator as reports name it: <c>MatMul</c>, <c>com.microsoft.MatMulNBits</c>.</summary>
    public static string OperatorName(Node node) => node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";

    private static IEnumerable<Node> Computing(OnnxModel model) => GraphWalker.Nodes(model).Where(node => !node.Is("Constant"));

    private static IReadOnlyList<KeyValuePair<string, int>> CountByOperator(OnnxModel model) =>
        [.. Computing(model).CountBy(OperatorName).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];

    private static IEnumerable<ConstantSummary> AllConstants(OnnxModel model) =>
        from graph in GraphWalker.Graphs(model)
        from value in graph.Initializers.Concat(graph.Nodes.Where(node => node.Is("Constant")).Select(node => node.Output()))
        let tensor = value.Initializer ?? value.Constant
        where tensor is not null
        select new ConstantSummary(value.Name, tensor.Type, tensor.ByteCount, Reader(value), tensor.IsExternal);

    private static string Reader(Value value) =>
        value.Uses.Where(use => !use.User.IsReturn).Select(use => OperatorName(use.User)).Order(StringComparer.Ordinal).FirstOrDefault("");
}
