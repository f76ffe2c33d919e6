using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

public sealed class DeclaredTypesTests
{
    private static TensorType Type(params Dimension[] lengths) => new(DataType.Float, new Shape([.. lengths]));

    private static IEnumerable<TestCaseData> Cases =>
    [
        Case("true stays", Type("batch", 3), Type("batch", 3), (_, x) => x),
        Case("a stale number becomes the symbol", Type(1, 3), Type("batch", 3), (_, x) => x),
        Case("a name becomes the number", Type("batch", "width"), Type("batch", 3), (_, x) => x),
        Case("a stale rank goes", Type(1), Type("batch", 3), (_, x) => x),
        Case("a name for an expression stays", Type("rows", 3), Type("rows", 3), (g, x) => g.Op("Concat", [x, x], ("axis", 0L))),
        Case("a number for an expression goes", Type(8, 3), Type("", 3), (g, x) => g.Op("Concat", [x, x], ("axis", 0L))),
        Case("a number for what a run decides goes", Type(2, 8), Type(2, ""), (g, x) => g.Op("Cast", [g.Op("NonZero", x)], ("to", (long)DataType.Float))),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Declarations_follow_what_is_inferred(TensorType declared, TensorType expected, Func<GraphBuilder, Value, Value> build)
    {
        var g = new GraphBuilder();
        var value = g.Op("Exp", build(g, g.Input("x", Type("batch", 3))));
        g.Declare(value, declared);
        g.Output("y", g.Op("Neg", value));
        var model = g.Build();

        new TypeInference(PassContexts.Engine).Run(model);
        DeclaredTypes.Refresh(model);

        var written = OnnxModel.Parse(ModelWriter.ToBytes(model)).Graph.DeclaredValues.Single();
        Assert.That(written.Declared!.ToString(), Is.EqualTo(expected.ToString()));
    }

    [Test]
    public void A_value_without_a_declaration_gets_none()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Neg", g.Op("Exp", g.Input("x", DataType.Float, 2))));
        var model = g.Build();

        new TypeInference(PassContexts.Engine).Run(model);
        DeclaredTypes.Refresh(model);

        Assert.That(OnnxModel.Parse(ModelWriter.ToBytes(model)).Graph.DeclaredValues, Is.Empty);
    }

    /// <summary>A model that no pass changed is written as it was read.</summary>
    [Test]
    public void What_was_not_rewritten_keeps_its_declarations()
    {
        var g = new GraphBuilder();
        var value = g.Op("Exp", g.Input("x", Type("batch", 3)));
        g.Declare(value, Type(1, 3));
        g.Output("y", g.Op("Neg", value));
        var model = g.Build();

        new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).RefreshDeclarations();

        Assert.That(value.Declared!.ToString(), Is.EqualTo("float[1,3]"));
    }

    private static TestCaseData Case(string name, TensorType declared, TensorType expected, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(declared, expected, build).SetArgDisplayNames(name);
}
