using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Runtimes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Tries out what the referenced ONNX Runtime loads, and prints its rows of <c>src/ModelOptimizer/Runtimes/onnxruntime.txt</c>.
/// Another version is referenced by <c>-p:OnnxRuntimeVersion=1.30.0</c>.
/// </summary>
internal static class RuntimeProbe
{
    private static readonly OnnxRuntimeEngine Engine = new();

    public static void Print()
    {
        Console.WriteLine($"# {Engine.Description}");
        Console.WriteLine($"release VERSION  {Last(1, 60, Standard)}     {Last(1, 20, MachineLearning)}           {Last(3, 40, Format)}  measured");
        foreach (var row in RuntimeTable.Default.Operators)
            Console.WriteLine($"{(RuntimeForms.Of(row) is not { } model ? "not tried" : Loads(model) ? "has" : "lacks"),-9} {row}, since {row.Since} by the table");
    }

    /// <summary>The last number of a row of numbers that load.</summary>
    private static int Last(int from, int to, Func<int, OnnxModel> model) => Enumerable.Range(from, to - from).LastOrDefault(number => Loads(model(number)));

    private static OnnxModel Standard(int opset) => Identity(new GraphBuilder(opset));

    private static OnnxModel Format(int irVersion) => Identity(new GraphBuilder(13, irVersion));

    private static OnnxModel MachineLearning(int opset)
    {
        var model = Identity(new GraphBuilder(13));
        model.ImportDomain("ai.onnx.ml", opset);
        return model;
    }

    private static OnnxModel Identity(GraphBuilder graph)
    {
        graph.Output("y", graph.Op("Identity", graph.Input("x", DataType.Float, 1)), new TensorType(DataType.Float, Shape.Of(1)));
        return graph.Build();
    }

    private static bool Loads(OnnxModel model)
    {
        try
        {
            using var session = Engine.Open(model, new SessionSettings());
            return true;
        }
        catch (InferenceException e)
        {
            Console.Error.WriteLine(e.Message);
            return false;
        }
    }
}
