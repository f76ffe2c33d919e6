using CsCheck;
using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Any sequence of the mutation verbs leaves a sound graph that can be named, and a clone's original untouched.</summary>
public sealed class MutationTests
{
    private static readonly Gen<(int Verb, int A, int B, int C)[]> s_scripts =
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 999], Gen.Int[0, 999], Gen.Int[0, 999]).Array[0, 40];

    [Test]
    public void Edges_stay_reciprocal_names_unique_and_originals_as_they_were() => s_scripts.Sample(script =>
    {
        var model = Start();
        var originals = new List<(OnnxModel Model, byte[] Bytes)>();
        foreach (var (verb, a, b, c) in script)
        {
            if (verb == 5)
            {
                originals.Add((model, ModelWriter.ToBytes(model)));
                model = model.Clone();
            }
            else
                Mutate(model, verb, a, b, c);
        }

        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        AssertNamesUnique(ModelWriter.ToProto(model).Graph);
        Assert.That(() => OnnxModel.Parse(ModelWriter.ToBytes(model)), Throws.Nothing);
        foreach (var (original, bytes) in originals)
            Assert.That(ModelWriter.ToBytes(original), Is.EqualTo(bytes));
    }, iter: 300);

    private static OnnxModel Start()
    {
        var then = Graph([], ["p"], Node("Add", ["t", "w"], ["q"]), Node("Neg", ["q"], ["p"]));
        var otherwise = Graph([], ["p"], Node("Identity", ["x"], ["p"]));
        return Load(Graph(["x"], ["y", "z"],
            Node("Relu", ["x"], ["t"]),
            Node("If", ["x"], ["i"], Body("then_branch", then), Body("else_branch", otherwise)),
            Node("Add", ["i", "t"], ["y"]),
            Node("Mul", ["i", "w"], ["z"])).With(Floats("w", 1)));
    }

    private static void Mutate(OnnxModel model, int verb, int a, int b, int c)
    {
        var graph = Pick(GraphWalker.Graphs(model), a);
        var node = Pick(graph.Nodes.Append(graph.Return), b);
        var value = Pick(Visible(graph, node), c);
        switch (verb)
        {
            case 0 when node.Inputs.Count > 0:
                node.SetInput(c % node.Inputs.Count, value);
                break;
            case 1 when !node.IsReturn:
                node.Output().ReplaceAllUsesWith(value);
                break;
            case 2:
                graph.Insert(node.IsReturn ? null : node, "Add", [value, Pick(Visible(graph, node), a)], name: "t");
                break;
            case 3 when !node.IsReturn && node.Outputs.All(output => output!.Uses.Count == 0):
                node.Remove();
                break;
            case 4:
                graph.AddInitializer("w", Tensor.Create([1], c));
                break;
            case 6 when node.OpType == "If":
                node.ReplaceWith(graph.InlineBody(Pick(node.Bodies, c).Graph)[0]);
                break;
        }
    }

    /// <summary>What may be read where the node stands.</summary>
    private static List<Value> Visible(Graph graph, Node node)
    {
        var outer = graph.Owner is { } owner ? Visible(owner.Graph!, owner) : [];
        return [.. outer, .. graph.Inputs, .. graph.Initializers, .. graph.Nodes.TakeWhile(n => n != node).SelectMany(n => n.Outputs).OfType<Value>()];
    }

    private static T Pick<T>(IEnumerable<T> items, int index)
    {
        var list = items.ToList();
        return list[index % list.Count];
    }

    private static void AssertNamesUnique(GraphProto graph)
    {
        var names = graph.Input.Select(input => input.Name)
            .Concat(graph.Initializer.Select(tensor => tensor.Name)).Concat(graph.Node.SelectMany(node => node.Output)).ToList();
        Assert.That(names, Is.Unique);
        Assert.That(graph.Node.Select(node => node.Name).Where(name => name.Length > 0), Is.Unique);
        foreach (var body in graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.G is not null))
            AssertNamesUnique(body.G);
    }
}
