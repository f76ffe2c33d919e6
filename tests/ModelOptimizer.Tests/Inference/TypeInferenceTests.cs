using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

public sealed class TypeInferenceTests
{
    [Test]
    public void Tells_types_shapes_and_symbols()
    {
        var g = new GraphBuilder();
        var x = g.Op("MatMul", g.Input("x", DataType.Float, "batch", 3), g.Initializer("w", [3, 5], new float[15]));
        g.Output("y", g.Op("Cast", [x], ("to", (long)DataType.Int32)));

        Infer(g.Build());

        Assert.That(x.Type!.ToString(), Is.EqualTo("float[batch,5]"));
        Assert.That(x.Uses[0].User.Output().Type!.ToString(), Is.EqualTo("int32[batch,5]"));
    }

    [Test]
    public void Tells_a_scalar_from_an_unknown_rank()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n");
        var scalar = g.Op("ReduceSum", [x], ("keepdims", 0));
        var unknown = g.Op("Reshape", x, g.Input("shape", DataType.Int64, "rank"));
        g.Output("y", scalar);
        g.Output("z", unknown);

        Infer(g.Build());

        Assert.That(scalar.Type, Is.EqualTo(new TensorType(DataType.Float, Shape.Scalar)));
        Assert.That(unknown.Type, Is.EqualTo(new TensorType(DataType.Float, null)));
    }

    [Test]
    public void Looks_into_branches()
    {
        var g = new GraphBuilder();
        var outside = g.Op("Exp", g.Input("x", DataType.Float, 2, 3));
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("Transpose", outside)], otherwise => [otherwise.Op("Neg", outside)]).Output());
        var model = g.Build();

        Infer(model);

        Assert.That(GraphWalker.Graphs(model).Skip(1).Select(body => body.Nodes.First!.Output().Type!.ToString()),
            Is.EqualTo(new[] { "float[3,2]", "float[2,3]" }));
    }

    [Test]
    public void Trusts_no_shape_that_a_loop_carries()
    {
        var g = new GraphBuilder();
        var start = g.Op("Exp", g.Input("x", DataType.Float, 2));
        Value grown = null!;
        g.Output("y", g.Loop(g.Initializer("trips", Tensor.Create([], 2L)), null, [start], (body, formals) =>
        {
            grown = body.Op("Concat", [formals[2], formals[2]], ("axis", 0));
            return [body.Op("Identity", formals[1]), grown];
        }).Output());

        Infer(g.Build());

        Assert.That(grown.Type!.ElementType, Is.EqualTo(DataType.Float));
        Assert.That(grown.Type.Shape?.ElementCount, Is.Null);
    }

    /// <summary>Such declarations stay behind when somebody makes an axis dynamic by hand.</summary>
    [Test]
    public void Stale_declarations_are_not_believed()
    {
        var g = new GraphBuilder();
        var y = g.Op("Exp", g.Input("x", DataType.Float, "batch", 3));
        y.Type = new TensorType(DataType.Float, Shape.Of(1, 3));
        g.Output("y", g.Op("Neg", y));

        Infer(g.Build());

        Assert.That(y.Type!.ToString(), Is.EqualTo("float[batch,3]"));
    }

    [Test]
    public void Big_weights_are_not_copied_into_the_scratch_model()
    {
        var g = new GraphBuilder();
        var y = g.Op("MatMul", g.Input("x", DataType.Float, 1, 1000), g.Constant(Tensor.Create([1000, 500], new float[500_000])));
        g.Output("y", y);
        var model = g.Build();
        var engine = new SpyEngine();

        new TypeInference(engine).Run(model);

        Assert.That(y.Type!.ToString(), Is.EqualTo("float[1,500]"));
        Assert.That(engine.LargestModelBytes, Is.LessThan(2000));
    }

    [Test]
    public void Is_not_written_to_the_file()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Neg", g.Op("Exp", g.Input("x", DataType.Float, 2))));
        var model = g.Build();
        var before = ModelWriter.ToBytes(model);

        Infer(model);

        Assert.That(ModelWriter.ToBytes(model), Is.EqualTo(before));
    }

    [Test]
    public void An_operator_that_nobody_knows_puts_out_what_the_file_declares()
    {
        var g = new GraphBuilder();
        var x = g.Op("Exp", g.Input("x", DataType.Float, "batch"));
        var y = g.Op("NoSuchOperator", x);
        g.Declare(x, new TensorType(DataType.Int64, Shape.Of(7)));
        g.Declare(y, new TensorType(DataType.Int64, new Shape([2, "batch", "?"])));
        var z = g.Op("Neg", y);
        g.Output("z", z);

        Infer(g.Build());

        Assert.That(new[] { x, y, z }.Select(value => value.Type!.ToString()), Is.EqualTo(new[] { "float[batch]", "int64[2,batch,?]", "int64[2,batch,Neg@2]" }));
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Types_nearly_every_value_of_real_models(string path)
    {
        var model = OnnxModel.Load(path);

        Infer(model);

        var values = GraphWalker.Nodes(model).SelectMany(node => node.Outputs).OfType<Value>().ToList();
        Assert.That(values.Count(value => value.Type is not null), Is.GreaterThanOrEqualTo(0.95 * values.Count));
    }

    private static void Infer(OnnxModel model) => new TypeInference(PassContexts.Engine).Run(model);

    private sealed class SpyEngine : IInferenceEngine
    {
        public int LargestModelBytes { get; private set; }

        public string Description => "spy";

        public bool CanHold(DataType type) => PassContexts.Engine.CanHold(type);

        public IInferenceSession Open(OnnxModel model, SessionSettings settings)
        {
            LargestModelBytes = Math.Max(LargestModelBytes, ModelWriter.ToBytes(model).Length);
            return PassContexts.Engine.Open(model, settings);
        }

        public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => PassContexts.Engine.OpenProfiled(model, settings);

        public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => PassContexts.Engine.Optimize(model, level);
    }
}
