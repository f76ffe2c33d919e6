using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>Types across the borders of bodies and functions.</summary>
public sealed class HalfBodyTests
{
    private static readonly TensorType X = new(DataType.Float, Shape.Of(4, 16));
    private static readonly Tensor Square = Tensor.Create([16, 16], Weights.Random(256));
    private static readonly ConvertFloat16 Compute = new(new() { Form = HalfForm.Compute });
    private static readonly Tolerance Rounding = new(6e-3);

    [Test]
    public void An_If_and_its_branches_hand_out_one_type()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var chosen = g.If(g.Input("c", DataType.Bool), then => [Product(then, x)], otherwise => [otherwise.Op("Relu", x)]);
        g.Output("y", Product(g, chosen.Output()));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Cast", "If", "MatMul", "Cast", "MatMul", "Relu");
    }

    [Test]
    public void A_branch_that_must_stay_float32_is_cast_where_it_ends()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var chosen = g.If(g.Input("c", DataType.Bool), then => [Product(then, x)], otherwise => [otherwise.Op("Exp", x)]);
        g.Output("y", Product(g, chosen.Output()));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Cast", "If", "MatMul", "Cast", "MatMul", "Exp", "Cast");
    }

    [Test]
    public void A_Loop_carries_float16()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var loop = g.Loop(g.Initializer("trips", Tensor.Create([], 3L)), null, [x],
            (body, formals) => [body.Op("Identity", formals[1]), Product(body, formals[2]), body.Op("Abs", formals[2])]);
        g.Output("y", loop.Output());
        g.Output("z", Product(g, loop.Output(1)));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Cast", "Loop", "Cast", "MatMul", "Cast", "Identity", "MatMul", "Abs");
    }

    [Test]
    public void A_Scan_carries_and_cuts_float16()
    {
        var g = new GraphBuilder();
        var (state, x) = (g.Input("s", DataType.Float, 1, 16), g.Input("x", new TensorType(DataType.Float, Shape.Of(5, 1, 16))));
        var scan = g.Scan([state], [x], (body, formals) =>
        {
            var sum = body.Op("Tanh", Product(body, body.Op("Add", formals[0], formals[1])));
            return [sum, body.Op("Neg", sum)];
        });
        g.Output("y", Product(g, scan.Output()));
        g.Output("z", Product(g, scan.Output(1)));
        var test = PassTester.Run(Compute, g.Build(), tolerance: Rounding);

        Assert.That(test.Operators.Count(op => op == "Cast"), Is.EqualTo(4));
    }

    /// <summary>The decoder in a GreedySearch of ONNX Runtime is not ONNX's to retype: the runtime would refuse the model.</summary>
    [Test]
    public void Bodies_of_operators_beyond_ONNX_stay_float32()
    {
        var model = OnnxModel.Load(SharedModels.Require("gpt2-greedy-toy.onnx"));
        var candidate = model.Clone();
        var log = PassContexts.Run(candidate, Compute);

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.EqualTo("it stands in a body of GreedySearch, which computes in float32 only"));
        var settings = new EvaluateSettings { Data = [SharedModels.Require("gpt2-greedy-toy.eval.npz")] };
        var measured = new Evaluator(new OnnxRuntimeEngine(), new DiagnosticBag()).Measure(model, candidate, new EvaluationRequest { Settings = settings });
        Assert.That(measured.Find("agreement")?.Result, Is.EqualTo(1));
    }

    [Test]
    public void A_captured_value_is_cast_once_outside()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var loop = g.Loop(g.Initializer("trips", Tensor.Create([], 2L)), null, [], (body, formals) => [body.Op("Identity", formals[1]), Product(body, x)]);
        g.Output("y", Product(g, loop.Output()));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Cast", "Loop", "MatMul", "Cast", "Identity", "MatMul");
    }

    [Test]
    public void A_function_is_of_one_type_for_all_its_calls()
    {
        var g = new GraphBuilder { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Layer", 1, (f, inputs) => [f.Op("Relu", Product(f, inputs[0]))]);
        var first = g.Op("local.Layer", g.Input("x", X));
        g.Output("y", g.Op("local.Layer", first));
        var test = PassTester.Run(Compute, g.Build(), tolerance: Rounding);

        test.Leaves("Cast", "Layer", "Layer", "Cast", "MatMul", "Relu");
    }

    [Test]
    public void A_function_called_with_two_types_stays_as_it_is()
    {
        var g = new GraphBuilder { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Twice", 1, (f, inputs) => [f.Op("Add", inputs[0], inputs[0])]);
        g.Output("y", g.Op("local.Twice", Product(g, g.Op("local.Twice", g.Input("x", X)))));
        g.Output("n", g.Op("local.Twice", g.Input("i", DataType.Int64, 2)));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Twice", "Cast", "MatMul", "Cast", "Twice", "Twice", "Add");
    }

    [TestCase("Sin")]
    [TestCase("Cos")]
    public void Angles_in_a_function_without_known_types_stay_as_they_are(string opType)
    {
        var g = new GraphBuilder();
        g.Function("local", "Uncalled", 1, (f, inputs) => [f.Op(opType, inputs[0])]);
        g.Function("local", "Twice", 1, (f, inputs) => [f.Op(opType, inputs[0])]);
        g.Output("y", Product(g, g.Op("local.Twice", g.Input("x", X))));
        g.Output("d", g.Op("local.Twice", g.Input("i", DataType.Double, 2)));

        PassTester.Run(Compute, g.Build(), tolerance: Rounding).Leaves("Twice", "Cast", "MatMul", "Cast", "Twice", opType, opType);
    }

    private static Value Product(GraphBuilder g, Value x) => g.Op("MatMul", x, g.Weight("w", Square));
}
