using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Passes.Sharing;

public sealed class TieTransposedWeightsTests
{
    private const int Rows = 96;
    private const int Columns = 40;

    private static readonly TieTransposedWeights Pass = new(new TieTransposedWeightsOptions { MinSize = new ByteSize(1024) });

    private static readonly Tensor Matrix = Tensor.Create([Rows, Columns], Weights.Random(Rows * Columns));

    private static readonly TensorType X = new(DataType.Float, Shape.Of(2, Rows));

    private static IEnumerable<TestCaseData> Situations => StandardRows.Of((g, x) =>
        g.Op("MatMul", g.Op("MatMul", x, g.Weight("w", Matrix)), g.Weight("v", Transposed(Matrix))), X, opsets: [17, 9, 13]);

    [TestCaseSource(nameof(Situations))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(true)]
    [TestCase(false)]
    public void The_table_that_is_looked_up_is_the_one_that_stays(bool isTableFirst)
    {
        var test = PassTester.Run(Pass, LanguageModel(isTableFirst)).Leaves("Transpose", "Gather", "MatMul");

        Assert.That(test.Initializers.Single().Name, Is.EqualTo("table"));
        Assert.That(test.Log.Weights.Single(), Has.Property("Weight").EqualTo("head").And.Property("BytesAfter").EqualTo(0).And.Property("Form").EqualTo("transpose of 'table'"));
    }

    [TestCase(DataType.Float16, 2)]
    [TestCase(DataType.Double, 8)]
    [TestCase(DataType.UInt8, 1)]
    public void Elements_of_any_width_are_compared(DataType type, int width)
    {
        var (rows, columns) = (64, 32);
        var bytes = new byte[rows * columns * width];
        new Random(1).NextBytes(bytes);
        // No float of this is compared as a number: bits are.
        var transposed = new byte[bytes.Length];
        for (var i = 0; i < rows * columns; i++)
            bytes.AsSpan(i * width, width).CopyTo(transposed.AsSpan((i % columns * rows + i / columns) * width));
        var model = TwoTables(Tensor.Create(type, [rows, columns], bytes), Tensor.Create(type, [columns, rows], transposed));

        Assert.That(PassContexts.Run(model, Pass).Rewrites, Has.Count.EqualTo(1));
    }

    private static IEnumerable<TestCaseData> Others =>
    [
        new TestCaseData(Transposed(Changed(Matrix))).SetArgDisplayNames("one element differs"),
        new TestCaseData(Matrix).SetArgDisplayNames("equal, not transposed"),
        new TestCaseData(Tensor.Create(DataType.Int32, [Columns, Rows], new int[Rows * Columns])).SetArgDisplayNames("another type"),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_other_matrices_alone(Tensor other) => PassTester.Run(Pass, TwoTables(Matrix, other)).Ignores();

    [Test]
    public void A_small_matrix_is_not_worth_a_node() => Assert.That(PassContexts.Run(LanguageModel(), new TieTransposedWeights(new())).Rewrites, Is.Empty);

    [Test]
    public void The_branches_of_an_If_do_not_see_each_others_weights()
    {
        var g = new GraphBuilder();
        var (x, z) = (g.Input("x", X), g.Input("z", DataType.Float, 2, Columns));
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("ReduceSum", then.Op("MatMul", x, then.Initializer("w", Matrix)))],
            otherwise => [otherwise.Op("ReduceSum", otherwise.Op("MatMul", z, otherwise.Initializer("v", Transposed(Matrix))))]).Output());

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void Weights_in_few_bits_are_stored_once_for_lookups_and_products()
    {
        var model = LanguageModel();

        var test = Quantized(model, new QuantizeWeights(new QuantizeWeightsOptions()), tolerance: 0.01);

        Assert.That(test.Operators, Is.EqualTo(new[] { "Transpose", "Gather", "Gather", "Cast", "Mul", "DequantizeLinear", "MatMul" }));
        Assert.That(test.Initializers.Where(value => value.Initializer!.ElementType == DataType.Int8).Sum(value => value.Initializer!.ByteCount), Is.EqualTo(Rows * Columns));
    }

    [Test]
    public void Integer_products_read_the_rows_that_are_looked_up()
    {
        var test = Quantized(LanguageModel(), new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size }), tolerance: 0.02);

        Assert.That(test.Operators, Does.Contain("MatMulInteger").And.Not.Contain("MatMul"));
        Assert.That(test.Initializers.Where(value => value.Initializer!.ElementType == DataType.Int8).Sum(value => value.Initializer!.ByteCount), Is.EqualTo(Rows * Columns));
    }

    [Test]
    public void Half_precision_is_stored_once()
    {
        var test = Quantized(LanguageModel(), new ConvertFloat16(new ConvertFloat16Options()), tolerance: 1e-3);

        Assert.That(test.Initializers.Single(), Has.Property("Initializer").Property("ElementType").EqualTo(DataType.Float16));
    }

    [Test]
    public void A_reader_that_wants_floats_keeps_them()
    {
        var model = LanguageModel();
        var table = model.Graph.Initializers.First(value => value.Name == "table");
        model.Graph.AddOutput("norm", model.Graph.Insert(null, "Abs", [table]).Output());
        PassContexts.Run(model, Pass);

        PassTester.Run(new QuantizeWeights(new QuantizeWeightsOptions()), model);
        Assert.That(PassContexts.Run(model, new QuantizeWeights(new QuantizeWeightsOptions())).Weights.Single().Refusal, Does.Contain("reads it too, as floats"));
    }

    private static PassTest Quantized(OnnxModel model, IGraphPass quantizer, double tolerance)
    {
        PassContexts.Run(model, Pass);
        var test = PassTester.Run(quantizer, model, tolerance: new Tolerance(tolerance));
        Assert.That(test.Log.Weights.Single().Refusal, Is.Null);
        return test;
    }

    private static OnnxModel LanguageModel(bool isTableFirst = true)
    {
        var g = new GraphBuilder();
        var ids = g.Input("ids", DataType.Int64, 1, 3);
        var head = isTableFirst ? null : g.Initializer("head", Transposed(Matrix));
        var table = g.Initializer("table", Matrix);
        head ??= g.Initializer("head", Transposed(Matrix));
        g.Output("logits", g.Op("MatMul", g.Op("Gather", table, ids), head));
        return g.Build();
    }

    private static OnnxModel TwoTables(Tensor first, Tensor second)
    {
        var g = new GraphBuilder();
        var ids = g.Input("ids", DataType.Int64, 3);
        g.Output("y", g.Op("Gather", g.Initializer("a", first), ids));
        g.Output("z", g.Op("Gather", g.Initializer("b", second), ids));
        return g.Build();
    }

    private static Tensor Transposed(Tensor matrix)
    {
        var (rows, columns) = ((int)matrix.Dimensions[0], (int)matrix.Dimensions[1]);
        var elements = matrix.AsSpan<float>().ToArray();
        return Tensor.Create([columns, rows], [.. Enumerable.Range(0, rows * columns).Select(i => elements[i % rows * columns + i / rows])]);
    }

    /// <summary>An element that no sample of a fingerprint need meet.</summary>
    private static Tensor Changed(Tensor matrix)
    {
        var elements = matrix.AsSpan<float>().ToArray();
        elements[^2] += 1;
        return Tensor.Create(matrix.Dimensions.AsSpan(), elements);
    }
}
