using ModelOptimizer.Onnx.Protos;
using ModelOptimizer.Testing;
using static ModelOptimizer.Onnx.Tests.ProtoModels;
using Dim = ModelOptimizer.Onnx.Protos.TensorShapeProto.Types.Dimension;
using Kind = ModelOptimizer.Onnx.Protos.AttributeProto.Types.AttributeType;

namespace ModelOptimizer.Onnx.Tests;

public sealed class ModelPrinterTests
{
    [Test]
    public void Shows_types_constants_attributes_and_names_that_need_quotes()
    {
        var graph = Graph(["x"], ["y:0"],
            Node("Gemm", ["x", "w", ""], ["t"],
                new AttributeProto { Name = "alpha", Type = Kind.Float, F = 0.5f },
                new AttributeProto { Name = "transB", Type = Kind.Int, I = 1 }),
            Node("Softmax", ["t", "big"], ["y:0"]));
        graph.Node[1].Name = "/head/softmax";
        graph.Input[0].Type.TensorType.Shape = new() { Dim = { new[] { new Dim { DimParam = "N" }, new Dim { DimValue = 2 }, new Dim() } } };
        graph.Output[0].Type.TensorType.Shape = new();
        var model = Load(Model(graph.With(Floats("w", 1, -2.5f), Floats("big", new float[100]))));

        Assert.That(ModelPrinter.Print(model), Is.EqualTo("""
            <ir_version: 8, opset_import: ["" : 17]>
            main (float[N,2,?] x) => (float "y:0") <
              float[2] w = {1, -2.5},
              float[100] big = {... 400 bytes, sha256 7a12e561363385e9}
            > {
              t = Gemm <alpha: float = 0.5, transB: int = 1> (x, w, "")
              ["/head/softmax"] "y:0" = Softmax (t, big)
            }

            """));
    }

    [Test]
    public void Shows_bodies_and_functions()
    {
        var then = Graph([], ["a"], Node("Neg", ["x"], ["a"]));
        var model = Model(Graph(["x"], ["y"],
            Node("If", ["c"], ["t"], Body("then_branch", then)),
            new NodeProto { OpType = "Twice", Domain = "local", Input = { "t" }, Output = { "y" } }).With(Floats("c", 1)));
        model.Functions.Add(new FunctionProto
        {
            Name = "Twice", Domain = "local", Input = { "x" }, Output = { "y" }, Attribute = { "axis" },
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Node = { Node("Concat", ["x", "x"], ["y"], new AttributeProto { Name = "axis", Type = Kind.Int, RefAttrName = "axis" }) },
        });

        Assert.That(ModelPrinter.Print(Load(model)), Is.EqualTo("""
            <ir_version: 8, opset_import: ["" : 17]>
            main (float[] x) => (float[] y) <
              float[1] c = {1}
            > {
              t = If <then_branch: graph = main () => (float[] a) {
                a = Neg (x)
              }> (c)
              y = local.Twice (t)
            }
            <domain: "local", opset_import: ["" : 17]>
            Twice <axis> (x) => (y) {
              y = Concat <axis: int = @axis> (x, x)
            }

            """));
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Prints_every_real_model_the_same_after_a_clone(string path)
    {
        var model = OnnxModel.Load(path);
        Assert.That(ModelPrinter.Print(model.Clone()), Is.EqualTo(ModelPrinter.Print(model)));
    }
}
