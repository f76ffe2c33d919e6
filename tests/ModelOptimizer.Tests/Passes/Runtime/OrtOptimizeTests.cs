using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Passes.Runtime;

public sealed class OrtOptimizeTests
{
    private static readonly OrtOptimize Basic = new(new OrtOptimizeOptions());

    private static readonly OrtOptimize Extended = new(new OrtOptimizeOptions { Level = RuntimeOptimization.Extended });

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(1, 2, 4, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Relu", g.Op("Identity", g.Op("Conv", x, g.Weight("w", Tensor.Create([2, 2, 1, 1], 1f, 2, 3, 4))))), Image,
        opsets: [17, 11, 13], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Basic, row);

    [Test]
    public void The_basic_level_keeps_to_standard_operators()
    {
        var (test, told) = Run(Basic, Convolution());

        Assert.That(test.Operators, Is.EqualTo(new[] { "Conv", "Relu" }));
        Assert.That(test.Log.Rewrites.Single().What, Does.StartWith("take over what ONNX Runtime ").And.EndWith(" CPU makes of it (level basic)"));
        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO3011", Severity.Info)));
    }

    [Test]
    public void The_extended_level_tells_which_operators_bind_the_model()
    {
        var (test, told) = Run(Extended, Convolution());

        Assert.That(test.Operators, Is.EqualTo(new[] { "FusedConv" }));
        Assert.That(test.Model.OpsetImports.Keys, Does.Contain("com.microsoft"));
        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO3011", Severity.Warning)));
        Assert.That(told.Message, Does.Contain("com.microsoft.FusedConv (1)"));
    }

    [Test]
    public void Signature_metadata_and_imports_stay()
    {
        var model = Convolution();
        var imports = model.OpsetImports.Keys.ToList();

        var result = Run(Basic, model).Test.Model;

        Assert.That(result.Graph.Name, Is.EqualTo(model.Graph.Name));
        Assert.That(result.Graph.Inputs.Single().Type!.ToString(), Is.EqualTo("float[n,2,4,4]"));
        Assert.That(result.OpsetImports.Keys, Is.EqualTo(imports));
        Assert.That(result.IrVersion, Is.EqualTo(model.IrVersion));
    }

    /// <summary>What only fills up the list of inputs, as old files have it, is no signature.</summary>
    [Test]
    public void An_old_files_constants_may_disappear_from_its_inputs()
    {
        var g = new GraphBuilder(opset: 8, irVersion: 3);
        var sum = g.Op("Add", g.InputWithDefault("a", Tensor.Create([1], 1f)), g.InputWithDefault("b", Tensor.Create([1], 2f)));
        g.Output("y", g.Op("Mul", g.Input("x", Image), sum));

        var test = Run(Basic, g.Build()).Test;

        Assert.That(test.Operators, Is.EqualTo(new[] { "Mul" }));
        Assert.That(test.Model.Graph.Inputs.Select(input => input.Name), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void Operators_that_the_model_had_already_are_no_news()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", g.Op("Identity", g.Op("com.microsoft.Gelu", g.Input("x", Image)))));

        Assert.That(Run(Basic, g.Build()).Told.Severity, Is.EqualTo(Severity.Info));
    }

    [Test]
    public void A_model_that_the_runtime_refuses_stays_and_a_warning_tells_why()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Identity", g.Op("unknown.Operator", g.Input("x", Image))));
        var diagnostics = new DiagnosticBag();
        var model = g.Build();

        var log = PassContexts.Run(model, diagnostics, int.MaxValue, Basic);

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.Contain("MO3012").And.Contain("refuses the model").And.Contain("unknown"));
    }

    [Test]
    public void External_data_is_read_and_stays_external()
    {
        var path = SharedModels.Require("ocr-det-external.onnx");
        var (model, result) = (OnnxModel.Load(path), OnnxModel.Load(path));

        PassContexts.Run(result, Basic);

        Assert.That(result.HasExternalData);
        Assert.That(ModelSize.Of(result).Nodes, Is.LessThan(ModelSize.Of(model).Nodes));
        PassTester.SameOutputs(model, result, Tolerance.Of(NumericEffect.Reassociates));
    }

    /// <summary>The runtime folds the Cast of a stored weight, or the lookup in its palette, and would store floats again.</summary>
    [Test]
    public void What_would_make_small_weights_large_again_is_left_out([Values("convert-float16", "palettize")] string pass)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Identity", g.Op("MatMul", g.Input("x", DataType.Float, 3, 256), g.Weight("w", Tensor.Create([256, 256], Weights.Random(256 * 256))))));
        var (model, diagnostics) = (g.Build(), new DiagnosticBag());
        PassContexts.Run(model, pass == "palettize" ? new Palettize(new()) : new ConvertFloat16(new()));
        var bytes = ModelSize.Of(model).Bytes;
        var log = PassContexts.Run(model, diagnostics, int.MaxValue, Basic);

        Assert.That(bytes, Is.LessThan(150_000));
        Assert.That(ModelSize.Of(model).Bytes, Is.EqualTo(bytes));
        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.Contain("MO3012").And.Contain("grow to 256 KiB"));
    }

    /// <summary>Why tying weights costs no time: the runtime transposes them once, when it loads the model.</summary>
    [Test]
    public void The_runtime_folds_the_Transpose_of_a_tied_weight()
    {
        var g = new GraphBuilder();
        var rows = Weights.Random(96 * 40);
        var columns = Enumerable.Range(0, rows.Length).Select(i => rows[i % 96 * 40 + i / 96]).ToArray();
        g.Output("y", g.Op("MatMul", g.Op("Gather", g.Initializer("table", [96, 40], rows), g.Input("ids", DataType.Int64, 3)), g.Initializer("head", [40, 96], columns)));
        var model = g.Build();

        var log = PassContexts.Run(model, new TieTransposedWeights(new TieTransposedWeightsOptions { MinSize = new ByteSize(1) }));

        Assert.That(log.Rewrites, Has.Count.EqualTo(1));
        Assert.That(PassContexts.Engine.Optimize(model, RuntimeOptimization.Basic).Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Gather", "MatMul" }));
    }

    private static (PassTest Test, Diagnostic Told) Run(IGraphPass pass, OnnxModel model)
    {
        var diagnostics = new DiagnosticBag();
        PassContexts.Run(model.Clone(), diagnostics, int.MaxValue, pass);
        return (PassTester.Run(pass, model), diagnostics.Diagnostics.Single());
    }

    private static OnnxModel Convolution()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n", 2, 4, 4);
        g.Output("y", g.Op("Relu", g.Op("Identity", g.Op("Conv", x, g.Initializer("w", [2, 2, 1, 1], 1, 2, 3, 4)))));
        return g.Build();
    }
}
