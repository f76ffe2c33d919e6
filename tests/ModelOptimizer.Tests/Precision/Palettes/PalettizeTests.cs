using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

public sealed class PalettizeTests
{
    private static readonly TensorType X = new(DataType.Float, Shape.Of(1, 8, 9, 9));
    private static readonly Tensor Filters = Tensor.Create([24, 8, 3, 3], Weights.Random(24 * 8 * 9));

    private static IEnumerable<TestCaseData> ConvRows => StandardRows.Of(
        (g, x) => g.Op("Conv", x, g.Weight("w", Filters), g.Weight("bias", Tensor.Create([24], Weights.Random(24)))), X, [17, 7, 9, 10, 11, 21],
        missingOptional: (g, x) => g.Op("Conv", x, g.Weight("w", Filters)));

    [TestCaseSource(nameof(ConvRows))]
    public void Keeps_a_Conv_within_6_bits(StandardRow row) => PassTester.Run(Pass(6), row);

    [Test]
    public void The_runtime_reads_each_value_of_the_table(
        [Range(2, 8)] int bits, [Values(null, 1, 5)] int? groupSize, [Values(7, 17, 21, 25)] int opset, [Values(601, 640)] int columns,
        [Values] bool scaled)
    {
        // Rows that are looked up come out as they are.
        var table = Tensor.Create([11, columns], [.. Weights.Random(11 * columns).Select((weight, i) => weight * (1 + i / columns))]);
        var model = Lookup(opset, table);
        PassContexts.Run(model, new Palettize(new() { Bits = bits, GroupSize = groupSize, PerChannelScale = scaled }));

        Assert.That(GraphWalker.Nodes(model).Count(), Is.GreaterThan(2), "it is written in few bits");
        PassTester.SameOutputs(Lookup(opset, Restored(table, bits, groupSize, scaled)), model, Tolerance.BitExact, Rows(11));
    }

    [Test]
    public void Codes_take_as_many_bits_as_asked_for([Range(2, 8)] int bits, [Values(11, 21, 25)] int opset)
    {
        var model = Lookup(opset, Tensor.Create([256, 40], Weights.Random(256 * 40)));
        var weight = PassContexts.Run(model, Pass(bits)).Weights.Single();

        var isNative = bits == 8 || (bits == 4 && opset >= 21) || (bits == 2 && opset >= 25);
        // For each byte the codes in it, of as many bits as there are in a power of two.
        var tables = isNative ? 0 : new[] { 4, 2, 1 }.Where(width => (bits & width) != 0).Sum(width => 256 * 8 / width);
        var factors = weight.Form!.Contains("times a factor", StringComparison.Ordinal) ? 4 * 256 : 0;
        Assert.That(weight.BytesAfter, Is.EqualTo(256 * 40 * bits / 8 + 4 * (1 << bits) + factors + tables));
        Assert.That(GraphWalker.Graphs(model).SelectMany(graph => graph.Initializers).Sum(constant => constant.Initializer!.ByteCount),
            Is.InRange(weight.BytesAfter, weight.BytesAfter + 64), "the report tells the bytes of the constants");
    }

    [TestCase(20, "Cast,Gather,Cast,Reshape,Gather,Gather")]
    [TestCase(21, "Cast,Gather,Gather")]
    public void Four_bits_have_a_type_of_their_own_from_opset_21_on(int opset, string operators)
    {
        var model = Lookup(opset, Tensor.Create([64, 64], Weights.Random(64 * 64)));
        PassContexts.Run(model, new Palettize(new() { Bits = 4, PerChannelScale = false }));

        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType).Order(), Is.EqualTo(operators.Split(',').Order()));
    }

    [TestCase(2, 1)]
    [TestCase(3, 2)]
    [TestCase(16, 4)]
    [TestCase(17, 5)]
    public void Few_different_weights_are_kept_and_take_fewer_bits(int different, int bits)
    {
        var values = Weights.Random(different);
        var table = Tensor.Create([128, 64], [.. Enumerable.Range(0, 128 * 64).Select(i => values[i * 5 % different])]);
        var model = Lookup(17, table);
        var log = PassContexts.Run(model, Pass(8));

        Assert.That(log.Weights.Single().Form, Is.EqualTo($"{bits}-bit codes of a table of {different} values, exact"));
        PassTester.SameOutputs(Lookup(17, table), model, Tolerance.BitExact, Rows(128));
    }

    [Test]
    public void More_tables_lose_less()
    {
        var errors = new int?[] { null, 8, 1 }.Select(size => new Palettize(new() { Bits = 3, GroupSize = size, PerChannelScale = false }))
            .Select(pass => Sqnr(PassContexts.Run(Convolution(Filters), pass))).ToList();

        Assert.That(errors, Is.Ordered.Ascending);
    }

    [Test]
    public void One_table_serves_large_and_small_channels([Values] bool scaled)
    {
        // From channel to channel 1.3 times as large: 400 times in all.
        var filters = Tensor.Create([24, 8, 3, 3], [.. Weights.Random(24 * 8 * 9).Select((weight, i) => weight * MathF.Pow(1.3f, i / 72))]);
        var model = Convolution(filters);
        PassContexts.Run(model, new Palettize(new() { Bits = 4, PerChannelScale = scaled }));
        var (expected, actual) = (Run(Convolution(filters)), Run(model));

        var smallest = Enumerable.Range(0, 49).ToList();
        var error = smallest.Sum(i => Math.Pow(expected[i] - actual[i], 2)) / smallest.Sum(i => Math.Pow(expected[i], 2));
        Assert.That(error, scaled ? Is.LessThan(0.05) : Is.GreaterThan(0.5));
    }

    /// <summary>With groups, its output channels stand on two axes of the weight.</summary>
    [Test]
    public void Each_output_of_a_ConvTranspose_is_a_channel(
        [Values("1×24", "24×1", "12×2", "3×4")] string layout, [Values(null, 6)] int? groupSize, [Values(5, 6)] int bits)
    {
        var (groups, outputs) = (int.Parse(layout.Split('×')[0]), int.Parse(layout.Split('×')[1]));
        var sizes = Enumerable.Range(0, groups * outputs).Select(channel => MathF.Pow(1.6f, groupSize is null ? channel : channel / 6 * 6)).ToArray();
        float[] filters = [.. Weights.Random(24 * outputs * 81)
            .Select((weight, i) => weight * sizes[i / 81 / outputs / (24 / groups) * outputs + i / 81 % outputs])];
        var model = Transposed(filters);
        var log = PassContexts.Run(model, new Palettize(new() { Bits = bits, GroupSize = groupSize, PerChannelScale = groupSize is null }));
        var (expected, actual) = (Run(Transposed(filters)), Run(model));

        Assert.That(log.Weights.Single().Refusal, Is.Null);
        foreach (var channel in expected.Zip(actual).Chunk(expected.Length / groups / outputs))
            Assert.That(channel.Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / channel.Sum(pair => Math.Pow(pair.First, 2)), Is.LessThan(0.02));

        OnnxModel Transposed(float[] weights)
        {
            var g = new GraphBuilder();
            var (x, w) = (g.Input("x", DataType.Float, 1, 24, 3, 3), g.Initializer("w", Tensor.Create([24, outputs, 9, 9], weights)));
            g.Output("y", g.Op("ConvTranspose", [x, w], ("group", (long)groups)));
            return g.Build();
        }
    }

    [TestCase("LSTM")]
    [TestCase("GRU")]
    [TestCase("RNN")]
    [TestCase("ConvTranspose")]
    [TestCase("Gemm")]
    public void Takes_every_operator_with_weights(string opType)
    {
        var model = Layer(opType);
        var log = PassTester.Run(Pass(8), model).Log;

        Assert.That(log.Weights.Select(weight => weight.Form), Has.Some.Not.Null);
        Assert.That(PassContexts.Run(model.Clone(), new Palettize(new() { ExcludeOperators = [opType] })).Rewrites, Is.Empty);
        Assert.That(PassContexts.Run(model.Clone(), new Palettize(new() { Operators = [opType] })).Rewrites, Is.Not.Empty);
    }

    [TestCase(float.NaN)]
    [TestCase(float.NegativeInfinity)]
    public void A_damaged_weight_stays_and_is_told_of(float damage)
    {
        var model = Convolution(Tensor.Create([24, 8, 3, 3], [.. Weights.Random(24 * 8 * 9 - 1), damage]));
        var diagnostics = new DiagnosticBag();
        var log = PassContexts.Run(model, diagnostics, int.MaxValue, Pass(4));

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(log.Weights.Single().Refusal, Is.EqualTo("it holds infinite or undefined values"));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EqualTo(new[] { "MO4001" }));
    }

    /// <summary>There are no channels to group.</summary>
    [Test]
    public void Refuses_weights_without_elements([Values] bool isTable)
    {
        var g = new GraphBuilder();
        var empty = g.Weight("w", Tensor.Create(isTable ? [0, 16] : [8, 0], Array.Empty<float>()));
        g.Output("y", isTable ? g.Op("Gather", empty, g.Input("ids", DataType.Int64, 2)) : g.Op("MatMul", g.Input("x", DataType.Float, 2, 8), empty));
        var log = PassContexts.Run(g.Build(), Pass(4));

        Assert.That(log.Weights.Single().Refusal, Is.EqualTo("it has no elements"));
        Assert.That(log.Rewrites, Is.Empty);
    }

    [Test]
    public void A_table_that_costs_more_than_codes_save_is_refused()
    {
        var log = PassContexts.Run(Convolution(Filters), new Palettize(new() { Bits = 8, GroupSize = 1 }));

        Assert.That(log.Weights.Single().Refusal, Does.StartWith("too small"));
    }

    /// <summary>Each saves less than the table of bytes takes that all of them share.</summary>
    [Test]
    public void Small_weights_share_what_their_tables_cost()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 10, 32, 32);
        for (var layer = 0; layer < 8; layer++)
            x = g.Op("Conv", x, g.Initializer($"w{layer}", Tensor.Create([10, 10, 3, 3], Weights.Random(900, layer))));
        g.Output("y", x);
        var log = PassContexts.Run(g.Build(), Pass(3));

        Assert.That(log.Weights.Select(weight => weight.Refusal), Has.All.Null);
    }

    [Test]
    public void Simplify_leaves_codes_alone([Values(3, 4, 8)] int bits, [Values(11, 21)] int opset)
    {
        var model = Convolution(Filters, opset);
        PassContexts.Run(model, Pass(bits));
        var bytes = ModelWriter.ToBytes(model).Length;
        PassContexts.Run(model, new Simplify(new()));

        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(bytes));
    }

    [Test]
    public void The_result_does_not_depend_on_the_number_of_threads()
    {
        var models = new int?[] { 1, 4 }.Select(threads =>
        {
            using var _ = Cores.Limit(threads);
            var model = Convolution(Filters);
            PassContexts.Run(model, new Palettize(new() { Bits = 3, GroupSize = 2 }));
            return ModelWriter.ToBytes(model);
        }).ToList();

        Assert.That(models[0], Is.EqualTo(models[1]));
    }

    private static float[] Run(OnnxModel model)
    {
        using var session = PassContexts.Engine.Open(model, new());
        return session.Run(SampleInputs.Make(session.Inputs, 0))[0]!.ToFloats();
    }

    private static Palettize Pass(int bits) => new(new PalettizeOptions { Bits = bits });

    private static double Sqnr(RewriteLog log)
    {
        var form = log.Weights.Single().Form!;
        return double.Parse(form[(form.LastIndexOf(',') + 2)..^3], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static Tensor Restored(Tensor weight, int bits, int? groupSize, bool scaled)
    {
        var palette = new PaletteSearch(weight, new ChannelGroups(weight, 0, groupSize), bits).Find(scaled)[0];
        var (entries, offsets, depth) = (palette.Entries, palette.Offsets, (int)(weight.ElementCount / weight.Dimensions[0]));
        return Tensor.Create(weight.Dimensions.AsSpan(),
            [.. palette.Codes.Select((code, i) => entries[code + (offsets?[i / depth] ?? 0)] * (palette.Factors?[i / depth] ?? 1))]);
    }

    private static OnnxModel Lookup(int opset, Tensor table)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Gather", g.Initializer("table", table), g.Input("rows", DataType.Int64, new Dimension(null, "n"))));
        return g.Build();
    }

    private static Dictionary<string, Tensor> Rows(int count) => new()
    {
        ["rows"] = Tensor.Create([count], [.. Enumerable.Range(0, count).Select(row => (long)row)]),
    };

    private static OnnxModel Convolution(Tensor filters, int opset = 17)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Conv", g.Input("x", X), g.Initializer("w", filters)));
        return g.Build();
    }

    private static OnnxModel Layer(string opType)
    {
        var g = new GraphBuilder();
        g.Output("y", opType switch
        {
            "ConvTranspose" => g.Op(opType, g.Input("x", X), g.Initializer("w", Tensor.Create([8, 24, 3, 3], Weights.Random(8 * 24 * 9)))),
            "Gemm" => g.Op(opType,
                [g.Input("x", DataType.Float, 3, 96), g.Initializer("w", Tensor.Create([40, 96], Weights.Random(96 * 40)))], ("transB", 1)),
            _ => Recurrent(g, opType, opType switch { "LSTM" => 4, "GRU" => 3, _ => 1 }),
        });
        return g.Build();
    }

    private static Value Recurrent(GraphBuilder g, string opType, int gates)
    {
        float[] Small(int count, int seed) => [.. Weights.Random(count, seed).Select(weight => weight / 50)];
        var x = g.Input("x", DataType.Float, 5, 1, 32);
        return g.Op(opType, [x, g.Initializer("w", Tensor.Create([1, gates * 32, 32], Small(gates * 1024, 1))),
            g.Initializer("r", Tensor.Create([1, gates * 32, 32], Small(gates * 1024, 2)))], ("hidden_size", 32));
    }
}
