using System.CodeDom.Compiler;
using ModelOptimizer.Onnx.Protos;
using Kind = ModelOptimizer.Onnx.Protos.AttributeProto.Types.AttributeType;

namespace ModelOptimizer.Onnx;

/// <summary>Graphs, functions and their nodes; bodies indent further.</summary>
internal sealed class GraphPrinter(IndentedTextWriter writer)
{
    public void Print(GraphProto graph)
    {
        writer.Write($"{TextSyntax.Name(graph.Name)} ({Declarations(graph.Input)}) => ({Declarations(graph.Output)}) ");
        PrintConstants(graph);
        PrintNodes(graph.Node);
    }

    public void Print(FunctionProto function)
    {
        writer.WriteLine($"<domain: {TextSyntax.Quote(function.Domain)}, opset_import: {TextSyntax.Opsets(function.OpsetImport)}>");
        var attributes = function.Attribute.Select(TextSyntax.Name);
        writer.Write(TextSyntax.Name(function.Name) + (function.Overload.Length > 0 ? $":{function.Overload}" : ""));
        if (function.Attribute.Count + function.AttributeProto.Count > 0)
        {
            writer.Write($" <{string.Join(", ", attributes)}");
            PrintAttributes(function.AttributeProto, first: function.Attribute.Count == 0);
            writer.Write(">");
        }
        writer.Write($" ({Names(function.Input)}) => ({Names(function.Output)}) ");
        PrintNodes(function.Node);
        writer.WriteLine();
    }

    private void PrintConstants(GraphProto graph)
    {
        string[] constants = [.. graph.Initializer.Select(TensorPrinter.Print), .. graph.SparseInitializer.Select(TensorPrinter.Print)];
        if (constants.Length == 0)
            return;
        writer.WriteLine("<");
        writer.Indent++;
        for (var i = 0; i < constants.Length; i++)
            writer.WriteLine(constants[i] + (i < constants.Length - 1 ? "," : ""));
        writer.Indent--;
        writer.Write("> ");
    }

    private void PrintNodes(IEnumerable<NodeProto> nodes)
    {
        writer.WriteLine("{");
        writer.Indent++;
        foreach (var node in nodes)
            Print(node);
        writer.Indent--;
        writer.Write("}");
    }

    private void Print(NodeProto node)
    {
        if (node.Name.Length > 0)
            writer.Write($"[{TextSyntax.Name(node.Name)}] ");
        writer.Write($"{Names(node.Output)} = {(node.Domain.Length > 0 ? node.Domain + "." : "")}{node.OpType}");
        writer.Write(node.Overload.Length > 0 ? $":{node.Overload} " : " ");
        if (node.Attribute.Count > 0)
        {
            writer.Write("<");
            PrintAttributes(node.Attribute, first: true);
            writer.Write("> ");
        }
        writer.WriteLine($"({Names(node.Input)})");
    }

    private void PrintAttributes(IEnumerable<AttributeProto> attributes, bool first)
    {
        foreach (var attribute in attributes)
        {
            writer.Write(first ? "" : ", ");
            first = false;
            Print(attribute);
        }
    }

    private void Print(AttributeProto attribute)
    {
        writer.Write($"{TextSyntax.Name(attribute.Name)}: {Type(attribute)} = ");
        if (attribute.RefAttrName.Length > 0)
            writer.Write($"@{TextSyntax.Name(attribute.RefAttrName)}");
        else if (attribute.G is { } body)
            Print(body);
        else if (attribute.Type == Kind.Graphs)
            PrintBodies(attribute.Graphs);
        else
            writer.Write(Literal(attribute));
    }

    private void PrintBodies(IEnumerable<GraphProto> bodies)
    {
        writer.Write("[");
        foreach (var body in bodies)
        {
            Print(body);
            writer.Write(" ");
        }
        writer.Write("]");
    }

    private static string Literal(AttributeProto attribute) => attribute.Type switch
    {
        Kind.Float => TextSyntax.Number(attribute.F),
        Kind.Int => $"{attribute.I}",
        Kind.String => TextSyntax.Quote(attribute.S.ToStringUtf8()),
        Kind.Tensor => TensorPrinter.Print(attribute.T),
        Kind.SparseTensor => TensorPrinter.Print(attribute.SparseTensor),
        Kind.TypeProto => TextSyntax.Type(attribute.Tp),
        Kind.Floats => List(attribute.Floats.Select(TextSyntax.Number)),
        Kind.Ints => List(attribute.Ints.Select(value => $"{value}")),
        Kind.Strings => List(attribute.Strings.Select(text => TextSyntax.Quote(text.ToStringUtf8()))),
        Kind.Tensors => List(attribute.Tensors.Select(TensorPrinter.Print)),
        Kind.SparseTensors => List(attribute.SparseTensors.Select(TensorPrinter.Print)),
        Kind.TypeProtos => List(attribute.TypeProtos.Select(TextSyntax.Type)),
        _ => "",
    };

    private static string Type(AttributeProto attribute) => attribute.Type switch
    {
        Kind.SparseTensor => "sparse_tensor",
        Kind.SparseTensors => "sparse_tensors",
        Kind.TypeProto => "type_proto",
        Kind.TypeProtos => "type_protos",
#pragma warning disable CA1308 // The syntax spells kinds in lower case.
        var kind => kind.ToString().ToLowerInvariant(),
#pragma warning restore CA1308
    };

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";

    private static string Declarations(IEnumerable<ValueInfoProto> infos) => string.Join(", ", infos.Select(TextSyntax.Declaration));

    /// <summary>Left-out optional values are written as empty strings.</summary>
    private static string Names(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => name.Length == 0 ? "\"\"" : TextSyntax.Name(name)));
}
