using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Graphs as files in the wild have them: unsorted, shadowed, broken, with things that we don't know.</summary>
public sealed class ReadingTests
{
    [Test]
    public void An_unsorted_graph_is_sorted_in_memory_and_comes_back_as_it_was()
    {
        var proto = Model(Graph(["x"], ["y"], Node("Neg", ["t"], ["y"]), Node("Relu", ["x"], ["t"])));
        var model = Load(proto.Clone());

        Assert.That(model.Graph.Nodes.Select(n => n.OpType), Is.EqualTo(new[] { "Relu", "Neg" }));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.That(MessageDiff.First(proto, ModelWriter.ToProto(model)), Is.Null);
        Assert.That(MessageDiff.First(proto, ModelWriter.ToProto(model.Clone())), Is.Null);
    }

    [Test]
    public void A_body_that_reads_a_later_node_makes_the_graph_unsorted_too()
    {
        var body = Graph([], ["a"], Node("Neg", ["t"], ["a"]));
        var model = Load(Graph(["x"], ["y"], Node("If", ["x"], ["y"], Body("then_branch", body)), Node("Relu", ["x"], ["t"])));
        Assert.That(model.Graph.Nodes.Select(n => n.OpType), Is.EqualTo(new[] { "Relu", "If" }));
    }

    [Test]
    public void A_cycle_is_refused() => Refused(
        ModelProblem.Cyclic, "cycle", Graph(["x"], ["y"], Node("Add", ["x", "b"], ["a"]), Node("Neg", ["a"], ["b"]), Node("Relu", ["b"], ["y"])));

    [Test]
    public void A_cycle_through_a_body_is_refused() => Refused(
        ModelProblem.Cyclic, "cycle", Graph(["x"], ["y"], Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["a"], Node("Neg", ["y"], ["a"]))))));

    [Test]
    public void A_name_made_twice_is_refused() => Refused(
        ModelProblem.DuplicateName, "'y' is made twice", Graph(["x"], ["y"], Node("Neg", ["x"], ["y"]), Node("Relu", ["x"], ["y"])));

    [Test]
    public void An_input_listed_twice_is_refused() => Refused(ModelProblem.DuplicateName, "'x' is made twice", Graph(["x", "x"], ["x"]));

    [Test]
    public void A_name_that_nothing_makes_is_refused() => Refused(
        ModelProblem.UndefinedName, "Neg -> 'y' reads 'ghost'", Graph(["x"], ["y"], Node("Neg", ["ghost"], ["y"])));

    [Test]
    public void An_output_that_nothing_makes_is_refused() => Refused(ModelProblem.UndefinedName, "reads 'ghost'", Graph(["x"], ["ghost"]));

    [Test]
    public void Of_two_constants_with_one_name_the_last_is_read()
    {
        var proto = Model(Graph(["x"], ["y"], Node("Add", ["x", "w"], ["y"])).With(Floats("w", 1), Floats("w", 2)));
        var model = Load(proto.Clone());

        Assert.That(model.Graph.Nodes.First!.Input(1)!.Constant!.ToFloats(), Is.EqualTo(new[] { 2f }));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.That(MessageDiff.First(proto, ModelWriter.ToProto(model.Clone())), Is.Null);
    }

    [Test]
    public void What_we_do_not_know_survives()
    {
        var proto = Model(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"])));
        proto.MetadataProps.Add(new StringStringEntryProto { Key = "author", Value = "somebody" });
        proto.Graph.Node[0].MetadataProps.Add(new StringStringEntryProto { Key = "layer", Value = "1" });
        proto.Graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "x" });
        byte[] unknown = [0xC0, 0x3E, 0x07]; // field 1000 = 7
        proto.Graph.Node[0].MergeFrom(unknown);
        proto.Graph.MergeFrom(unknown);
        proto.MergeFrom(unknown);

        var written = ModelWriter.ToProto(Load(proto.Clone()).Clone());

        Assert.That(MessageDiff.First(proto, written), Is.Null);
        Assert.That(written.Graph.Node[0].ToByteArray(), Is.SupersetOf(unknown));
    }

    [Test]
    public void Functions_and_sparse_initializers_come_back_as_they_were()
    {
        var graph = Graph(["x"], ["y"], new NodeProto { OpType = "Twice", Domain = "local", Input = { "x" }, Output = { "y" } });
        graph.SparseInitializer.Add(new SparseTensorProto
        {
            Values = Floats("s", 7),
            Indices = new TensorProto { DataType = (int)DataType.Int64, Dims = { 1 }, Int64Data = { 3 } },
            Dims = { 9 },
        });
        var proto = Model(graph);
        proto.Functions.Add(new FunctionProto
        {
            Name = "Twice", Domain = "local", Input = { "x" }, Output = { "y" },
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Node = { Node("Add", ["x", "x"], ["t"]), Node("Neg", ["t"], ["y"]) },
        });

        var model = Load(proto.Clone());

        Assert.That(model.Functions[0].Body.Nodes.Count, Is.EqualTo(2));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.That(MessageDiff.First(proto, ModelWriter.ToProto(model.Clone())), Is.Null);
    }

    private static void Refused(ModelProblem problem, string reason, GraphProto graph)
    {
        var e = Assert.Throws<InvalidModelException>(() => Load(graph))!;
        Assert.That(e.Problem, Is.EqualTo(problem));
        Assert.That(e.Message, Does.Contain(reason));
    }
}
