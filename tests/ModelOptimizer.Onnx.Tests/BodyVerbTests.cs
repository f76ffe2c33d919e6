using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>The verbs that change what a body or an output list looks like keep both ends of every edge true.</summary>
public sealed class BodyVerbTests
{
    [Test]
    public void A_body_moves_out_with_its_constants_and_inner_bodies()
    {
        var model = Nested();
        var outer = model.Graph.Nodes.First!;

        var outputs = model.Graph.InlineBody(outer.Bodies[0].Graph);
        outer.ReplaceWith(outputs[0]);

        AssertSound(model);
        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Add", "If", "Neg" }));
        Assert.That(GraphWalker.Graphs(model.Graph).SelectMany(graph => graph.MadeValues).Where(value => value.Name is "w" or "t" or "p").Select(value => value.Graph),
            Is.All.SameAs(model.Graph));
    }

    [Test]
    public void Only_a_graphs_own_bodies_move_into_it()
    {
        var model = Nested();
        var inner = model.Graph.Nodes.First!.Bodies[0].Graph.Nodes.ElementAt(1).Bodies[0].Graph;

        Assert.That(() => model.Graph.InlineBody(inner), Throws.ArgumentException);
    }

    [Test]
    public void Slots_behind_one_that_is_removed_move_up()
    {
        var model = Load(Graph(["c", "x"], ["y"],
            Node("If", ["c"], ["a", "b"], Body("then_branch", Branch("Relu", "Exp")), Body("else_branch", Branch("Abs", "Log"))),
            Node("Neg", ["b"], ["y"])));
        var choice = model.Graph.Nodes.First!;

        choice.RemoveOutput(0);
        foreach (var body in choice.Bodies)
            body.Graph.RemoveOutput(0);

        AssertSound(model);
        Assert.That(choice.Bodies.Select(body => body.Graph.Outputs.Single().Value.Producer!.OpType), Is.EqualTo(new[] { "Exp", "Log" }));
    }

    [Test]
    public void An_input_behind_one_that_is_removed_moves_up()
    {
        var model = Load(Graph(["a", "b", "c"], ["y"], Node("Sum", ["a", "b", "c"], ["y"])));

        model.Graph.Nodes.First!.RemoveInput(1);

        AssertSound(model);
        Assert.That(model.Graph.Nodes.First!.Inputs.Select(input => input!.Name), Is.EqualTo(new[] { "a", "c" }));
    }

    [Test]
    public void Outputs_left_out_at_the_end_disappear()
    {
        var model = Load(Graph(["x"], ["y"], Node("LSTM", ["x", "x", "x"], ["y", "h", "c"])));
        var lstm = model.Graph.Nodes.First!;

        lstm.ClearOutput(1);
        Assert.That(lstm.Outputs.Select(output => output is null), Is.EqualTo(new[] { false, true, false }));
        lstm.ClearOutput(2);

        AssertSound(model);
        Assert.That(lstm.Outputs, Has.Count.EqualTo(1));
        Assert.That(() => lstm.ClearOutput(0), Throws.InvalidOperationException);
    }

    [Test]
    public void A_signature_keeps_its_inputs_and_outputs()
    {
        var model = Nested();

        Assert.That(() => model.Graph.RemoveOutput(0), Throws.InvalidOperationException);
        Assert.That(() => model.Graph.RemoveInput(model.Graph.Inputs[0]), Throws.InvalidOperationException);
    }

    [Test]
    public void A_graph_taken_over_keeps_the_declarations_that_callers_know()
    {
        var model = Load(Graph(["x"], ["y"], Node("Identity", ["x"], ["t"]), Node("Relu", ["t"], ["y"])));
        model.Graph.Inputs[0].Type = new TensorType(DataType.Float, new Shape(["n"]));

        var changes = model.ChangeCount;

        model.TakeOver(Load(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"]))));

        AssertSound(model);
        Assert.That(model.ChangeCount, Is.GreaterThan(changes));
        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Relu" }));
        Assert.That(model.Graph.Inputs[0].Type!.ToString(), Is.EqualTo("float[n]"));
    }

    /// <summary>An If in a branch of an If, both of which read values from outside.</summary>
    private static OnnxModel Nested()
    {
        var inner = Body("then_branch", Graph([], ["q"], Node("Mul", ["t", "x"], ["q"])));
        var then = Graph([], ["p"], Node("Add", ["x", "w"], ["t"]), Node("If", ["c"], ["p"], inner, Body("else_branch", Graph([], ["q"], Node("Exp", ["t"], ["q"])))))
            .With(Floats("w", 1));
        return Load(Graph(["c", "x"], ["y"],
            Node("If", ["c"], ["i"], Body("then_branch", then), Body("else_branch", Graph([], ["p"], Node("Abs", ["x"], ["p"])))),
            Node("Neg", ["i"], ["y"])));
    }

    private static Protos.GraphProto Branch(string first, string second) => Graph([], ["p", "q"], Node(first, ["x"], ["p"]), Node(second, ["x"], ["q"]));

    private static void AssertSound(OnnxModel model)
    {
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.That(() => OnnxModel.Parse(ModelWriter.ToBytes(model)), Throws.Nothing);
    }
}
