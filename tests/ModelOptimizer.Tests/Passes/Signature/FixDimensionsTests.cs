using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Signature;

public sealed class FixDimensionsTests
{
    /// <summary>The length that sample inputs give free axes, so that both models can be fed alike.</summary>
    private const long Sampled = 2;

    [Test]
    public void A_symbol_gets_its_length_everywhere()
    {
        var g = new GraphBuilder();
        var (x, c) = (g.Input("x", DataType.Float, "batch", 3), g.Input("c", DataType.Bool));
        g.Input("z", DataType.Float, "other", "batch");
        var abs = g.Op("Abs", x);
        abs.Type = new TensorType(DataType.Float, new Shape(["batch", 3]));
        g.Output("y", g.If(c, then => [then.Op("Relu", abs)], otherwise => [otherwise.Op("Exp", abs)]).Output(), new TensorType(DataType.Float, new Shape(["batch", 3])));
        var model = g.Build();
        model.Graph.Nodes.Last!.Bodies[0].Graph.Outputs[0].Type = new TensorType(DataType.Float, new Shape(["batch", 3]));

        var result = Fix(model, new NamedNumber("batch", Sampled));

        Assert.That(result.Graph.Inputs.Select(input => input.Type!.ToString()), Is.EqualTo(new[] { "float[2,3]", "bool[]", "float[other,2]" }));
        Assert.That(GraphWalker.Nodes(result).First().Output().Type!.ToString(), Is.EqualTo("float[2,3]"));
        Assert.That(GraphWalker.Graphs(result).SelectMany(graph => graph.Outputs).Select(output => output.Type?.ToString()), Is.EqualTo(new[] { "float[2,3]", "float[2,3]", null }));
        PassTester.SameOutputs(model, result, Tolerance.BitExact);
    }

    [Test]
    public void An_axis_without_a_symbol_is_named_by_its_input()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Input("x:0", DataType.Float, Dimension.Unknown, "n", 3)));
        var model = g.Build();

        var result = Fix(model, new NamedNumber("x:0[0]", Sampled), new NamedNumber("x:0[-2]", Sampled), new NamedNumber("x:0[2]", 3), new NamedNumber("n", Sampled));

        Assert.That(result.Graph.Inputs[0].Type!.ToString(), Is.EqualTo("float[2,2,3]"));
        PassTester.SameOutputs(model, result, Tolerance.BitExact);
    }

    /// <summary>The shape that a program asks for becomes a constant.</summary>
    [Test]
    public void Simplify_computes_with_the_fixed_length()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "batch", 6);
        g.Output("y", g.Op("Reshape", x, g.Op("Concat", [g.Op("Slice", g.Op("Shape", x), g.Int64s("from", 0), g.Int64s("to", 1)), g.Int64s("rest", 2, 3)], ("axis", 0))));
        var model = g.Build();
        var result = model.Clone();

        PassContexts.Run(result, new FixDimensions(Options(new NamedNumber("batch", Sampled))), new Simplify(new SimplifyOptions()));

        Assert.That(result.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Reshape" }));
        PassTester.SameOutputs(model, result, Tolerance.BitExact);
    }

    [TestCase("bach", 1, "No input of the model has a dimension 'bach'; did you mean 'batch'?")]
    [TestCase("frames", 1, "No input of the model has a dimension 'frames'; the inputs have batch, sequence")]
    [TestCase("y[0]", 1, "The model has no input 'y'; there are input, scale")]
    [TestCase("input[2]", 1, "Input 'input' is [batch,sequence] and has no axis 2")]
    [TestCase("scale[1]", 4, "Axis 1 of 'scale' has the length 3")]
    public void A_mistake_is_told_at_its_line(string name, long length, string message)
    {
        var place = new SourceLocation("p.yaml", 3, 7);

        var mistake = Mistakes(new NamedNumber("batch", 1), new NamedNumber(name, length, place)).Single();

        Assert.That((mistake.Code, mistake.Message, mistake.Location), Is.EqualTo(("MO3010", message, place)));
    }

    [Test]
    public void All_mistakes_are_told_at_once() => Assert.That(Mistakes(new NamedNumber("a", 1), new NamedNumber("b", 1)), Has.Count.EqualTo(2));

    [Test]
    public void No_length_is_one_too_few() => Assert.That(Mistakes().Single().Message, Is.EqualTo("fix-dimensions names no dimension; the inputs have batch, sequence"));

    [Test]
    public void Choices_are_what_can_be_fixed_as_YAML_spells_it()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Input("tokens:0", DataType.Float, 3, Dimension.Unknown), g.Input("fixed", DataType.Float, 1)));

        Assert.That(Mistakes(g.Build()).Single().Message, Does.EndWith("; the inputs have no symbols; name an axis: \"tokens:0[1]\""));
    }

    [Test]
    public void Where_all_lengths_are_fixed_none_is_suggested()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, 3)));

        Assert.That(Mistakes(g.Build()).Single().Message, Does.EndWith("; all lengths of the inputs are fixed already"));
    }

    [Test]
    public void One_dimension_has_one_length() =>
        Assert.That(Mistakes(new NamedNumber("batch", 1), new NamedNumber("input[0]", 2)).Single().Message, Is.EqualTo("'batch' can't have the lengths 1 and 2 at once"));

    private static OnnxModel Fix(OnnxModel model, params NamedNumber[] lengths)
    {
        var result = model.Clone();
        PassContexts.Run(result, new FixDimensions(Options(lengths)));
        Assert.That(GraphVerifier.Verify(result), Is.Empty);
        return result;
    }

    private static IReadOnlyList<Diagnostic> Mistakes(params NamedNumber[] lengths)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Input("input", DataType.Float, "batch", "sequence")));
        g.Input("scale", DataType.Float, "batch", 3);
        return Mistakes(g.Build(), lengths);
    }

    private static IReadOnlyList<Diagnostic> Mistakes(OnnxModel model, params NamedNumber[] lengths) =>
        Assert.Throws<DiagnosticException>(() => PassContexts.Run(model, new FixDimensions(Options(lengths))))!.Diagnostics;

    private static FixDimensionsOptions Options(params NamedNumber[] lengths) => new() { Lengths = lengths };
}
