using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class InlineScanTests
{
    private static readonly InlineScan Pass = new();

    [Test]
    public void One_step_is_taken_without_a_loop([Values(9, 11, 13, 17)] int opset)
    {
        var g = new GraphBuilder(opset);
        var scan = Steps(g, g.Input("s", DataType.Float, 3), g.Input("x", DataType.Float, 1, 3));
        g.Output("s_out", scan.Output());
        g.Output("ys", scan.Output(1));

        PassTester.Run(Pass, g.Build()).Leaves("Squeeze", "Add", "Neg", "Unsqueeze");
    }

    [Test]
    public void Axes_are_those_of_the_inputs_and_outputs()
    {
        var g = new GraphBuilder();
        var scan = Steps(g, g.Input("s", DataType.Float, 3), g.Input("x", DataType.Float, 3, 1));
        scan.Attributes.Set("scan_input_axes", [-1L]);
        scan.Attributes.Set("scan_output_axes", [1L]);
        g.Output("s_out", scan.Output());
        g.Output("ys", scan.Output(1));
        var model = g.Build();
        // The builder cut the first axis.
        model.Graph.Nodes.Last!.Bodies[0].Graph.Inputs[1].Type = new TensorType(DataType.Float, Shape.Of(3));

        PassTester.Run(Pass, model).Leaves("Squeeze", "Add", "Neg", "Unsqueeze");
    }

    [Test]
    public void In_a_branch_of_an_If()
    {
        var g = new GraphBuilder();
        var (s, x) = (g.Input("s", DataType.Float, 3), g.Input("x", DataType.Float, 1, 3));
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [Steps(then, s, x).Output()], otherwise => [otherwise.Op("Abs", s)]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("If", "Squeeze", "Add", "Neg", "Abs");
    }

    [Test]
    public void Several_steps_or_an_unknown_number_stay_a_Scan()
    {
        var g = new GraphBuilder();
        g.Output("y", Steps(g, g.Input("s", DataType.Float, 3), g.Input("two", DataType.Float, 2, 3)).Output());
        g.Output("z", Steps(g, g.Input("t", DataType.Float, 3), g.Input("n", DataType.Float, "n", 3)).Output());

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Node Steps(GraphBuilder g, Value state, Value scanned) => g.Scan([state], [scanned],
        (body, formals) => [body.Op("Add", formals[0], formals[1]), body.Op("Neg", formals[1])]);
}
