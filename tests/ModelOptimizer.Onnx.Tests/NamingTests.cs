using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>What the writer decides: names, and the Identity nodes that the format sometimes needs.</summary>
public sealed class NamingTests
{
    [Test]
    public void An_output_keeps_its_name_whatever_value_it_shows()
    {
        var model = Load(Graph(["x"], ["y"], Node("Relu", ["x"], ["t"]), Node("Identity", ["t"], ["y"])));
        var identity = model.Graph.Nodes.Last!;
        identity.Output().ReplaceAllUsesWith(identity.Input(0)!);
        identity.Remove();

        Assert.That(Nodes(model), Is.EqualTo(new[] { "y = Relu(x)" }));
    }

    [Test]
    public void An_input_that_is_an_output_goes_through_an_identity()
    {
        var model = Load(Graph(["x"], ["y"], Node("Identity", ["x"], ["y"])));
        var identity = model.Graph.Nodes.First!;
        identity.Output().ReplaceAllUsesWith(model.Graph.Inputs[0]);
        identity.Remove();

        Assert.That(Nodes(model), Is.EqualTo(new[] { "y = Identity(x)" }));
    }

    [Test]
    public void An_input_that_is_an_output_under_the_same_name_needs_none()
    {
        Assert.That(Nodes(Load(Graph(["x"], ["x"]))), Is.Empty);
    }

    [Test]
    public void A_value_behind_two_outputs_has_the_first_name_and_an_identity_for_the_second()
    {
        var model = Load(Graph(["x"], ["a", "b"], Node("Relu", ["x"], ["a"]), Node("Relu", ["x"], ["b"])));
        var second = model.Graph.Nodes.Last!;
        second.Output().ReplaceAllUsesWith(model.Graph.Nodes.First!.Output());
        second.Remove();

        Assert.That(Nodes(model), Is.EqualTo(new[] { "a = Relu(x)", "b = Identity(a)" }));
    }

    [Test]
    public void An_initializer_that_became_an_output_takes_the_outputs_name()
    {
        var model = Load(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"])));
        var relu = model.Graph.Nodes.First!;
        relu.Output().ReplaceAllUsesWith(model.Graph.AddInitializer("folded", Tensor.Create([1], 1f)));
        relu.Remove();

        Assert.That(ModelWriter.ToProto(model).Graph.Initializer.Single().Name, Is.EqualTo("y"));
    }

    [Test]
    public void A_body_output_that_is_an_outer_value_goes_through_an_identity()
    {
        var model = Load(Graph(["x"], ["y"], Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["a"], Node("Identity", ["x"], ["a"]))))));
        var identity = model.Graph.Nodes.First!.Bodies[0].Graph.Nodes.First!;
        identity.Output().ReplaceAllUsesWith(model.Graph.Inputs[0]);
        identity.Remove();

        var body = ModelWriter.ToProto(model).Graph.Node[0].Attribute[0].G;
        Assert.That(body.Node.Select(Text), Is.EqualTo(new[] { "a = Identity(x)" }));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
    }

    [Test]
    public void Hints_that_are_taken_get_a_number_also_against_names_around_a_body()
    {
        var model = Load(Graph(["x"], ["y"], Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["a"], Node("Neg", ["x"], ["a"]))))));
        var body = model.Graph.Nodes.First!.Bodies[0].Graph;
        model.Graph.InsertFirst("Relu", [model.Graph.Inputs[0]]).Output().Name = "x";
        body.InsertFirst("Relu", [model.Graph.Inputs[0]]).Output().Name = "x";

        Assert.That(Nodes(model)[0], Is.EqualTo("x_1 = Relu(x)"));
        Assert.That(Text(ModelWriter.ToProto(model).Graph.Node[1].Attribute[0].G.Node[0]), Is.EqualTo("x_2 = Relu(x)"));
    }

    [Test]
    public void A_body_output_gives_way_to_the_name_of_a_value_that_the_body_sees()
    {
        var model = Load(Graph(["x"], ["y"],
            Node("Relu", ["x"], ["r"]),
            Node("If", ["r"], ["y"], Body("then_branch", Graph([], ["a"], Node("Neg", ["r"], ["a"]))))));
        model.Graph.Nodes.First!.Output().Name = "a";

        var body = ModelWriter.ToProto(model).Graph.Node[1].Attribute[0].G;
        Assert.That(Nodes(model)[0], Is.EqualTo("a = Relu(x)"));
        Assert.That(Text(body.Node[0]), Is.EqualTo("a_1 = Neg(a)"));
        Assert.That(body.Output[0].Name, Is.EqualTo("a_1"));
    }

    [Test]
    public void A_body_input_gives_way_to_the_name_of_a_value_that_the_body_reads([Values] bool isRead)
    {
        var model = Load(Graph(["x"], ["y"],
            Node("Relu", ["x"], ["r"]),
            Node("Scan", ["x"], ["y"], Body("body", Graph(["a"], ["b"], Node("Add", ["a", isRead ? "r" : "a"], ["b"]))))));
        model.Graph.Nodes.First!.Output().Name = "a";

        var body = ModelWriter.ToProto(model).Graph.Node[1].Attribute[0].G;
        Assert.That(body.Input[0].Name, Is.EqualTo(isRead ? "a_1" : "a"));
        Assert.That(Text(body.Node[0]), Is.EqualTo(isRead ? "b = Add(a_1,a)" : "b = Add(a,a)"));
    }

    [Test]
    public void A_body_keeps_names_that_are_made_outside_only_later()
    {
        var graph = Graph(["x"], ["y"], Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["y"], Node("Neg", ["x"], ["y"])))));
        Assert.That(MessageDiff.First(Model(graph), ModelWriter.ToProto(Load(graph.Clone()))), Is.Null);
    }

    [Test]
    public void A_body_output_gives_way_to_a_name_that_is_made_outside_later_when_that_need_not_wait([Values] bool waits)
    {
        var model = Load(Graph(["x"], ["y", "z"],
            Node("If", ["x"], ["y"], Body("then_branch", Graph([], ["a"], Node("Neg", ["x"], ["a"])))),
            Node("Relu", [waits ? "y" : "x"], ["r"]),
            Node("Abs", ["r"], ["z"])));
        model.Graph.Nodes.First(node => node.OpType == "Relu").Output().Name = "a";

        Assert.That(Nodes(model)[1], Does.StartWith("a = Relu"));
        Assert.That(ModelWriter.ToProto(model).Graph.Node[0].Attribute[0].G.Output[0].Name, Is.EqualTo(waits ? "a" : "a_1"));
    }

    [Test]
    public void A_swap_of_outputs_keeps_both_names()
    {
        var model = Load(Graph(["x"], ["a", "b"], Node("Relu", ["x"], ["a"]), Node("Neg", ["x"], ["b"])));
        var outputs = model.Graph.Outputs;
        (outputs[0].Value, outputs[1].Value) = (outputs[1].Value, outputs[0].Value);

        Assert.That(Nodes(model), Is.EqualTo(new[] { "b = Relu(x)", "a = Neg(x)" }));
    }

    [Test]
    public void Left_out_inputs_and_outputs_stay_left_out()
    {
        var graph = Graph(["x"], ["y"], Node("LSTM", ["x", "", "x"], ["", "y"]));
        Assert.That(MessageDiff.First(Model(graph), ModelWriter.ToProto(Load(graph.Clone()))), Is.Null);
    }

    [Test]
    public void Nodes_of_one_name_get_numbers()
    {
        var model = Load(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"])));
        model.Graph.Insert(null, "Neg", [model.Graph.Inputs[0]], name: "n");
        model.Graph.Insert(null, "Neg", [model.Graph.Inputs[0]], name: "n");

        Assert.That(ModelWriter.ToProto(model).Graph.Node.Select(n => n.Name), Is.EqualTo(new[] { "", "n", "n_1" }));
    }

    private static string[] Nodes(OnnxModel model) => [.. ModelWriter.ToProto(model).Graph.Node.Select(Text)];

    private static string Text(NodeProto node) => $"{string.Join(",", node.Output)} = {node.OpType}({string.Join(",", node.Input)})";
}
