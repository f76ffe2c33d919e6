using ModelOptimizer.Testing;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Passes are held to their word by this count, and what was inferred is kept by it: no verb may change a model without counting.</summary>
public sealed class ChangeCountTests
{
    private static readonly (string Name, Action<OnnxModel> Verb)[] Verbs =
    [
        ("SetInput", model => First(model).SetInput(0, model.Graph.Inputs[1])),
        ("SetInput of a new slot", model => First(model).SetInput(2, null)),
        ("SetInput in a body", model => InBody(model).SetInput(0, model.Graph.Inputs[1])),
        ("SetInput in a function", model => model.Functions[0].Body.Nodes.First!.SetInput(0, null)),
        ("TrimInputs", model => First(model).TrimInputs(0)),
        ("RemoveInput", model => First(model).RemoveInput(0)),
        ("ReplaceAllUsesWith", model => First(model).Output().ReplaceAllUsesWith(model.Graph.Inputs[0])),
        ("Insert", model => model.Graph.Insert(null, "Relu", [])),
        ("Insert in a body", model => InBody(model).Graph!.Insert(null, "Relu", [])),
        ("Remove", model => Unused(model).Remove()),
        ("RemoveOutput", model => Unused(model).RemoveOutput(0)),
        ("ClearOutput", model => Unused(model).ClearOutput(0)),
        ("Attributes.Set", model => First(model).Attributes.Set("axis", 1)),
        ("Attributes.Remove", model => Unused(model).Attributes.Remove("axis")),
        ("AddInput", model => model.Graph.AddInput("new", new TensorType(DataType.Float, null))),
        ("AddOutput", model => model.Graph.AddOutput("new", First(model).Output())),
        ("an output's value", model => model.Graph.Outputs[0].Value = model.Graph.Inputs[0]),
        ("an output's type", model => model.Graph.Outputs[0].Type = new TensorType(DataType.Float, Shape.Of(7))),
        ("an input's type", model => model.Graph.Inputs[0].Type = new TensorType(DataType.Float, Shape.Of(7))),
        ("AddInitializer", model => model.Graph.AddInitializer("new", Tensor.Create([], 1f))),
        ("RemoveInitializer", model => model.Graph.RemoveInitializer(model.Graph.Initializers[0])),
        ("FreezeInput", model => model.Graph.FreezeInput(model.Graph.Initializers[1])),
        ("ImportDomain", model => model.ImportDomain("new", 1)),
        ("RaiseOpset", model => model.RaiseOpset(20)),
        ("RemoveImport", model => model.RemoveImport("com.microsoft")),
        ("RemoveFunction", model => model.RemoveFunction(model.Functions[0])),
        ("RequireIrVersion", model => model.RequireIrVersion(9)),
        ("InlineBody", model => model.Graph.InlineBody(InBody(model).Graph!)),
    ];

    private static IEnumerable<TestCaseData> Cases => Verbs.Select(verb => new TestCaseData(verb.Verb).SetArgDisplayNames(verb.Name));

    [TestCaseSource(nameof(Cases))]
    public void Every_verb_counts(Action<OnnxModel> verb)
    {
        var model = Model();
        var before = model.ChangeCount;

        verb(model);

        Assert.That(model.ChangeCount, Is.GreaterThan(before));
    }

    [Test]
    public void What_changes_nothing_does_not_count()
    {
        var model = Model();
        var before = model.ChangeCount;

        First(model).SetInput(0, First(model).Input(0));
        First(model).Attributes.Remove("none");
        model.Graph.Inputs[0].Type = model.Graph.Inputs[0].Type;
        First(model).Output().Infer(new TensorType(DataType.Float, Shape.Of(2)));
        First(model).Name = "renamed";
        model.Graph.RemoveInitializers(new HashSet<Value>());
        model.ImportDomain("com.microsoft", 1);

        Assert.That(model.ChangeCount, Is.EqualTo(before));
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder();
        var (x, c) = (g.Input("x", DataType.Float, 2), g.Input("c", DataType.Bool));
        g.Function("local", "F", 1, (f, inputs) => [f.Op("Relu", inputs[0])]);
        g.Initializer("unused", [], 1f);
        g.InputWithDefault("default", Tensor.Create([], 1f));
        var first = g.Op("Relu", x);
        g.Op("Softmax", [x], ("axis", 0L));
        g.Output("y", g.If(c, then => [then.Op("Neg", first)], otherwise => [otherwise.Op("Abs", first)]).Output());
        return g.Build();
    }

    private static Node First(OnnxModel model) => model.Graph.Nodes.First!;

    private static Node Unused(OnnxModel model) => model.Graph.Nodes.Single(node => node.OpType == "Softmax");

    private static Node InBody(OnnxModel model) => model.Graph.Nodes.Last!.Bodies[0].Graph.Nodes.First!;
}
