using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.PeerFaults.FaultPasses;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>Models that the peer writes with success and that no runtime loads: here every result loads and answers.</summary>
public sealed class InvalidModelFaultTests
{
    private static IEnumerable<string> Names => FaultPasses.Names;

    /// <summary>Fault 2. There: InvalidGraph at DequantizeLinear, whose axis does not exist yet.</summary>
    [Test]
    public void Scales_for_each_channel_below_opset_13_load([Values("static", "weights of 8 bits")] string pass, [Values(9, 11, 12)] int opset)
    {
        var run = Run(pass, Classifier(new GraphBuilder(opset)));

        Assert.That(run.Result.Graph.Initializers.Select(constant => constant.Initializer!.Dimensions), Has.Some.EqualTo(new long[] { Classes }),
            "one scale for each channel");
        if (pass != "static")
            return;
        Assert.That(run.Result.Opset, Is.EqualTo(13));
        Assert.That(run.Result.Graph.Nodes.Where(node => node.Attributes.Has("axis")), Is.Not.Empty);
    }

    /// <summary>
    /// Fault 12. There: the opset's number is raised and nodes are not converted ("Unrecognized attribute: axes for operator ReduceMean"); tables end
    /// in an AssertionError.
    /// </summary>
    [TestCase(14, false)]
    [TestCase(11, true)]
    public void Four_bits_below_opset_21_load_with_or_without_an_upgrade(int opset, bool upgrade)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, 3, Depth);
        // Axes are an attribute up to opset 17: raising the number alone makes a model that does not load.
        var centred = g.Op("Sub", x, g.Op("ReduceMean", [x], ("axes", new long[] { -1 })));
        var rows = g.Op("Gather", g.Weight("table", Tensor.Create([50, Depth], Weights.Random(50 * Depth))), g.Input("ids", DataType.Int64, 3));
        g.Output("y", g.Op("MatMul", g.Op("Add", centred, rows), Matrix(g, "w")));
        var model = g.Build();
        if (upgrade)
            PassContexts.Run(model, new UpgradeOpset(new() { Version = 21 }));

        var run = Run("weights of 4 bits", model);

        Assert.That(run.Log.Weights.Select(weight => weight.Refusal), Is.EqualTo(new string?[] { null, null }));
    }

    /// <summary>Fault 15. There: "two nodes with same node name (…_cast_to_fp32_node)" for models that another tool has prepared.</summary>
    [TestCaseSource(nameof(Names))]
    public void No_two_nodes_get_one_name(string pass)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 3, Depth);
        var w = g.Weight("w", StaticModels.Matrix(Depth, Depth));
        // Names that a pass could be tempted to give to what it adds.
        var first = Named("w_cast", g.Op("MatMul", x, w));
        var second = Named("w_quantized", g.Op("Relu", first));
        var branches = g.If(g.Input("c", DataType.Bool),
            then => [then.Op("MatMul", second, w)],
            otherwise => [otherwise.Op("MatMul", first, w)]);
        g.Output("y", branches.Output());
        g.Output("z", Named("w_dequantize", g.Op("Add", second, g.Op("MatMul", first, w))));

        var run = Run(pass, g.Build(), weighs: false);

        foreach (var graph in GraphWalker.Graphs(run.Result))
            Assert.That(graph.Nodes.Select(node => node.Name).Where(name => name.Length > 0), Is.Unique);

        static Value Named(string name, Value value)
        {
            value.Producer!.Name = name;
            return value;
        }
    }

    /// <summary>
    /// Fault 16, of onnxconverter-common. There: a Cast to float stays among halves ("Type (tensor(float16)) … does not match expected type
    /// (tensor(float))").
    /// </summary>
    [Test]
    public void A_Cast_to_float_amid_float16_loads([Values] HalfForm form, [Values] bool keepIo)
    {
        var g = new GraphBuilder();
        var scores = g.Op("MatMul", g.Input("x", DataType.Float, 3, Depth), Matrix(g, "w"));
        var mask = g.Op("Cast", [g.Input("mask", DataType.Int64, 1, Classes)], ("to", (long)DataType.Float));
        var counted = g.Op("Cast", [g.Op("Shape", scores)], ("to", (long)DataType.Float));
        var masked = g.Op("Mul", g.Op("Add", scores, mask), g.Op("Gather", counted, g.Constant(Tensor.Create([], 0L))));
        g.Output("y", g.Op("MatMul", masked, g.Weight("v", StaticModels.Matrix(Classes, Depth))));

        var run = SmallRun.Of(g.Build(), new ConvertFloat16(new() { Form = form, KeepIo = keepIo }));

        Assert.That(run.Log.Rewrites, Is.Not.Empty);
        if (keepIo)
            Assert.That(run.Sqnr(), Is.GreaterThan(LeastSqnr("float16, computed")));
        else
            Assert.That(() => PassContexts.Engine.Open(run.Result, new SessionSettings()).Dispose(), Throws.Nothing);
    }
}
