using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>quantize-weights with a budget for the whole model.</summary>
public sealed class SizeBudgetTests : SizeBudgetFixture
{
    private static readonly SourceLocation s_line = new("model-opt.yaml", 5, 5);

    [TestCase(0.16, true)]
    [TestCase(0.3, true)]
    [TestCase(0.6, true)]
    [TestCase(0.16, false)]
    [TestCase(0.3, false)]
    [TestCase(0.7, false)]
    public void The_file_fits_and_the_report_says_what_it_is(double share, bool withData)
    {
        var model = Model();
        var budget = (long)(share * ModelWriter.SizeOf(model));

        var report = Run(model, new() { Budget = new ByteSize(budget) }, withData ? Samples() : null).SizeBudgets.Single();

        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget));
        Assert.That(report.Bytes, Is.EqualTo(ModelWriter.SizeOf(model)));
        Assert.That(report.Measure, Does.Contain(withData ? "at the outputs" : "there is no calibration data"));
        Assert.That(report.Weights.Select(weight => weight.Weight), Is.EqualTo(new[] { "loud", "quiet", "head" }));
        Assert.That(report.Weights.Sum(weight => weight.Share), Is.EqualTo(1).Within(1e-9));
        Assert.That(report.Curve.Select(point => point.Bytes), Is.Ordered);
        Assert.That(report.Curve.Select(point => point.Error), Is.Ordered.Descending);
        Assert.That(report.Larger!.Error, Is.LessThan(report.Error));
        Assert.That(report.Smaller?.Error ?? double.PositiveInfinity, Is.GreaterThanOrEqualTo(report.Error));
        Assert.That(report.Tried.Count(tried => tried.Taken), Is.EqualTo(withData ? 1 : 0));
        Assert.That(report.OtherBytes, Is.EqualTo(PlainSize() - report.Weights.Sum(weight => weight.BytesBefore)));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>Stored in 16 bits behind Casts, or computed with.</summary>
    [Test]
    public void Weights_of_16_bits_have_a_choice([Values] HalfForm form, [Values] bool withData)
    {
        var model = Model();
        PassContexts.Run(model, new ConvertFloat16(new() { Form = form, MinElements = 1 }));
        var budget = (long)(0.4 * ModelWriter.SizeOf(model));

        var log = Run(model, new() { Budget = new ByteSize(budget) }, withData ? Samples() : null);

        var report = log.SizeBudgets.Single();
        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget).And.Length.EqualTo(report.Bytes));
        Assert.That(report.Weights.Select(weight => (weight.Weight, weight.BytesBefore)), Is.EqualTo(new[]
        {
            ("loud_float16", 2L * Depth * Depth), ("quiet_float16", 2L * Depth * Depth), ("head_float16", 2L * Depth * 32),
        }));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>A file may say that what comes out of the Transpose is float16: while choices are measured it is not.</summary>
    [Test]
    public void A_tied_table_of_16_bits_is_measured_at_the_outputs_where_its_Transpose_is_declared()
    {
        const int words = 300;
        var g = new GraphBuilder();
        var table = g.Weight("table", Tensor.Create(DataType.Float16, [words, Depth], [.. Weights.Random(words * Depth).Select(weight => (Half)weight)]));
        var transpose = g.Op("Transpose", [table], ("perm", new long[] { 1, 0 }));
        g.Declare(transpose, new TensorType(DataType.Float16, Shape.Of(Depth, words)));
        var rows = g.Op("Gather", table, g.Input("ids", DataType.Int64, 4));
        g.Output("y", g.Op("Cast", [g.Op("MatMul", rows, transpose)], ("to", (long)DataType.Float)));
        var model = g.Build();
        var ids = Folder.WriteNpz("ids.npz", ("ids", DataFolder.Longs("(8, 4)", [.. Enumerable.Range(0, 32).Select(i => 9L * i)])));

        var report = Run(model, new() { Budget = new ByteSize((long)(0.6 * ModelWriter.SizeOf(model))) }, ids).SizeBudgets.Single();

        Assert.That(report.Measure, Does.Contain("at the outputs"));
        Assert.That(report.Weights.Single().Bits, Is.EqualTo(8));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    [Test]
    public void Weights_of_16_bits_that_fit_stay_so()
    {
        var model = Model();
        PassContexts.Run(model, new ConvertFloat16(new() { MinElements = 1 }));
        var log = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model)) }, null);

        Assert.That(log.SizeBudgets.Single().Weights.Select(weight => (weight.Form, weight.Bits)), Is.All.EqualTo(("float16", 16)));
        Assert.That(log.SizeBudgets.Single().Larger, Is.Null);
        Assert.That(log.Weights.Select(weight => weight.Refusal), Is.All.StartsWith("it stays float16"));
    }

    /// <summary>One of every four samples judges only, where there are four.</summary>
    [TestCase(6, true, 1)]
    [TestCase(8, true, 2)]
    [TestCase(2, false, 2)]
    [TestCase(1, false, 1)]
    public void The_report_says_whether_samples_were_held_out(int samples, bool heldOut, int judging)
    {
        var model = Model();
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 4) }, Samples(samples)).SizeBudgets.Single();

        Assert.That(report.Tried, Is.Not.Empty);
        Assert.That(report.Tried.Select(tried => (tried.HeldOut, tried.Samples)), Is.All.EqualTo((heldOut, judging)));
    }

    /// <summary>What judges is never shown to what learns: without it the choice is the same.</summary>
    [Test]
    public void What_is_held_out_has_no_part_in_the_choice()
    {
        var (some, others) = (Model(), Model());
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(some) / 5) };
        var data = Weights.Random(6 * 150 * Depth, seed: 7);
        var first = Run(some, options, Written(data, 6)).SizeBudgets.Single();
        // The middle of six is the one that judges.
        for (var i = 3 * 150 * Depth; i < 4 * 150 * Depth; i++)
            data[i] = -3 * data[i] + i % 5;
        var second = Run(others, options, Written(data, 6)).SizeBudgets.Single();

        Assert.That(second.Tried[0].Noise, Is.Not.EqualTo(first.Tried[0].Noise));
        Assert.That(second.Curve, Is.EqualTo(first.Curve));
    }

    [Test]
    public void Too_few_inputs_are_told_and_what_was_done_without_them_is_named()
    {
        var (model, diagnostics) = (Model(), new DiagnosticBag());
        var budget = new ByteSize(ModelWriter.SizeOf(model) / 5);
        var options = new QuantizeWeightsOptions { Budget = budget, Bits = 4, Algorithm = WeightAlgorithm.Find("gptq")! };
        var report = Run(model, options, Samples(4, rows: 20), diagnostics).SizeBudgets.Single();

        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Descriptor), Is.EqualTo(new[] { DiagnosticCatalog.TooFewInputs }));
        Assert.That(report.Weights.Where(weight => weight.Bits < 16).Select(weight => weight.Form), Is.Not.Empty.And.All.EndsWith(", mse"));
    }

    /// <summary>Two layers whose errors take each other away where they are rounded alike, which no measurement of one alone shows.</summary>
    [Test]
    public void A_single_setting_is_taken_where_it_is_better_on_samples()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var (one, same) = (g.Weight("one", Matrix(Depth, Depth, 1)), g.Weight("same", Matrix(Depth, Depth, 1)));
        var difference = g.Op("Sub", g.Op("MatMul", x, one), g.Op("MatMul", x, same));
        g.Output("y", g.Op("Add", difference, g.Op("MatMul", x, g.Weight("small", Matrix(Depth, Depth, 2)))));
        var model = g.Build();
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5) }, Samples()).SizeBudgets.Single();

        var taken = report.Tried.Single(tried => tried.Taken);
        Assert.That(taken.Name, Does.EndWith("for all weights"));
        Assert.That(taken.Noise, Is.LessThan(report.Tried[0].Noise));
        Assert.That(report.Bytes, Is.EqualTo(taken.Bytes).And.EqualTo(ModelWriter.SizeOf(model)));
        Assert.That(report.Weights.Select(weight => weight.Form.Split(" as ")[0]).Distinct().Count(), Is.EqualTo(1));
        Assert.That(report.Gap, Is.GreaterThan(0));
    }

    /// <summary>Weights beside the model name the data file, each one.</summary>
    [Test]
    public void External_data_counts_under_the_name_that_it_gets()
    {
        const string name = "a-name-much-longer-than-the-one-of-any-other-model-in-this-folder.onnx";
        var source = Path.Combine(Folder.Path, "model.onnx");
        ModelWriter.Save(Model(), source, new SaveOptions { ExternalData = ExternalDataMode.Always });
        var smallest = Smallest(Missed(OnnxModel.Load(source), new() { Budget = new ByteSize(4000) }, name));
        var model = OnnxModel.Load(source);
        var report = Run(model, new() { Budget = new ByteSize(smallest) }, null, outputName: name).SizeBudgets.Single();
        var written = ModelWriter.Save(model, Path.Combine(Folder.Path, "out", name));

        Assert.That(written, Has.Count.EqualTo(2));
        Assert.That(written.Sum(file => new FileInfo(file).Length), Is.EqualTo(smallest).And.EqualTo(report.Bytes));
    }

    [Test]
    public void What_the_outputs_hardly_show_gets_fewer_bits()
    {
        var model = Model();
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5) }, Samples()).SizeBudgets.Single();

        Assert.That(BitsOf(report, "quiet"), Is.LessThan(BitsOf(report, "loud")));
    }

    [Test]
    public void Bits_are_the_most_and_blocks_are_kept()
    {
        var model = Model();
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(model) / 3), Bits = 4, BlockSize = 64 };
        var report = Run(model, options, Samples()).SizeBudgets.Single();

        Assert.That(report.Weights.Select(weight => weight.Bits), Has.All.AnyOf(2, 4, 16, 32));
        Assert.That(report.Weights.Where(weight => weight.Bits < 16).Select(weight => weight.Form), Has.All.Contains("blocks of 64"));
    }

    /// <summary>8 bits per channel need no newer opset, 4 need 21, and 2 need 25.</summary>
    [TestCase(0.4, 17)]
    [TestCase(0.16, 21)]
    [TestCase(0.1, 25)]
    public void The_opset_becomes_as_new_as_what_was_chosen_of_the_standard(double share, int opset)
    {
        var model = Layers(384, 17);
        var options = new QuantizeWeightsOptions
        {
            Budget = new ByteSize((long)(share * ModelWriter.SizeOf(model))), Format = WeightFormat.Standard, PerChannel = true,
        };
        var report = Run(model, options, null).SizeBudgets.Single();

        Assert.That(model.Opset, Is.EqualTo(opset));
        Assert.That(report.Bytes, Is.EqualTo(ModelWriter.SizeOf(model)).And.LessThanOrEqualTo(options.Budget!.Value.Bytes));
        Assert.That(GraphWalker.Nodes(model).Select(node => node.Domain), Is.All.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>4 bits need 21, which is the model's own.</summary>
    [Test]
    public void A_function_of_an_older_opset_becomes_as_new_as_what_was_chosen()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        g.Function("local", "Layer", 1, (f, inputs) => [f.Op("MatMul", inputs[0], f.Constant(Matrix(Depth, Depth, 1)))], opset: 17);
        g.Output("y", g.Op("local.Layer", g.Input("x", DataType.Float, 2, Depth)));
        var model = g.Build();
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5), Format = WeightFormat.Standard };
        var report = Run(model, options, null).SizeBudgets.Single();

        Assert.That(report.Weights.Single().Bits, Is.EqualTo(4));
        Assert.That(model.Functions.Single().OpsetImports[""], Is.EqualTo(21));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    [Test]
    public void Weights_stay_floats_where_all_of_them_fit()
    {
        var model = Model();
        var log = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model)) }, null);

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(log.Weights.Select(weight => weight.Refusal), Has.All.Contains("the budget has room for it"));
    }

    [Test]
    public void Out_of_reach_it_names_the_smallest_size_which_is_reached_then()
    {
        var missed = Missed(Model(), new() { Budget = new ByteSize(4000), Location = s_line });
        Assert.That(missed.Descriptor, Is.EqualTo(DiagnosticCatalog.SizeBudgetMissed));
        Assert.That(missed.Location, Is.EqualTo(s_line));

        var smallest = Smallest(missed);
        var model = Model();
        Run(model, new() { Budget = new ByteSize(smallest) }, null);
        Assert.That(ModelWriter.ToBytes(model), Has.Length.EqualTo(smallest));
        Assert.Throws<DiagnosticException>(() => Run(Model(), new() { Budget = new ByteSize(smallest - 1) }, null));
    }

    /// <summary>Of layers whose inputs fill no whole blocks: the largest blocks are not the smallest file.</summary>
    [Test]
    public void No_single_setting_is_smaller_than_the_smallest([Values(96, 300, 384)] int depth, [Values(17, 21)] int opset)
    {
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(1000), Symmetric = false };
        var smallest = Smallest(Missed(Layers(depth, opset), options));

        var single = SizeSettings.Of(options).Min(setting =>
        {
            var model = Layers(depth, opset);
            Run(model, setting, null);
            return ModelWriter.SizeOf(model);
        });
        Assert.That(smallest, Is.LessThanOrEqualTo(single));
        var smaller = Layers(depth, opset);
        Assert.That(Run(smaller, options with { Budget = new ByteSize(smallest) }, null).SizeBudgets.Single().Bytes, Is.EqualTo(smallest));
    }

    /// <summary>Weights of which no other is chosen are no weights with a choice, and what keeps the largest is named.</summary>
    [Test]
    public void Out_of_reach_it_names_what_stays()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 5, 2, 64);
        var zeros = Tensor.Create([1, 256, 64], new float[256 * 64]);
        var lstm = g.Op("LSTM", [x, g.Weight("w", zeros), g.Weight("r", zeros)], ("hidden_size", 64));
        var layer = g.Op("MatMul", g.Op("Squeeze", lstm, g.Int64s("axis", 1)), g.Weight("layer", Matrix(64, 64, 1)));
        g.Output("y", g.Op("MatMul", layer, g.Weight("head", Matrix(64, 500, 2))));
        var model = g.Build();
        var kept = 4 * 64 * 500;

        var message = Missed(model, new() { Budget = new ByteSize(4000), LmHeadBits = 32 }).Message;
        Assert.That(message, Does.Contain("Weights that stay floats: 'head', 125 KiB (lm-head-bits: 32 keeps it); "
            + "'w' and 1 more, 64 KiB (a size budget has no codes for weights of LSTM"));
        Assert.That(message, Does.EndWith("Leave lm-head-bits open; or allow that size"));
        var others = long.Parse(message.Split(" bytes) are no weights")[0].Split('(')[^1], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.That(others, Is.EqualTo(ModelWriter.SizeOf(model) - 4 * (64 * 64 + 2 * 256 * 64)).And.GreaterThan(kept));
    }

    /// <summary>Though the runtime's own LSTM of 8 bits could read them, which takes both or none.</summary>
    [Test]
    public void Storage_gives_weights_of_LSTM_a_choice()
    {
        var g = new GraphBuilder();
        var (w, r) = (Tensor.Create([1, 256, 64], Weights.Random(256 * 64, seed: 1)), Tensor.Create([1, 256, 64], Weights.Random(256 * 64, seed: 2)));
        g.Output("y", g.Op("LSTM", [g.Input("x", DataType.Float, 5, 2, 64), g.Weight("w", w), g.Weight("r", r)], ("hidden_size", 64)));
        var model = g.Build();
        var budget = (long)(0.3 * ModelWriter.SizeOf(model));
        var report = Run(model, new() { Budget = new ByteSize(budget), Storage = true }, null).SizeBudgets.Single();

        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget).And.Length.EqualTo(report.Bytes));
        Assert.That(report.Weights.Select(weight => weight.Weight), Is.EqualTo(new[] { "w", "r" }));
        Assert.That(report.Weights.Select(weight => weight.Form), Is.All.Contains("int8 per channel as DequantizeLinear at every run"));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>Of models larger than memory each look takes long.</summary>
    [Test]
    public void Sizes_are_known_without_a_look_at_the_weights_nor_codes([Values(17, 21)] int opset, [Values] bool symmetric)
    {
        const int depth = 1024;

        OnnxModel Layer(Tensor weight)
        {
            var g = new GraphBuilder(opset, irVersion: 10);
            g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, depth), g.Weight("w", weight)));
            return g.Build();
        }

        var options = new QuantizeWeightsOptions { Bits = 4, BlockSize = 16, Symmetric = symmetric };
        var (known, unknown) = (Layer(Matrix(depth, depth, 1)), Layer(UnreadTensor.Create(DataType.Float, depth, depth)).PuttingAllAside("nowhere"));
        Run(known, options, null);
        var weight = HalfWeights.Find(unknown).Single();
        var choice = new SizedChoice(options, new WeightPlanner(options).Plan(weight, opset).Plan, 0, 0);
        var sized = new SizedWeight(weight.Value, weight.Name, [SizedChoice.Float(weight.Content), choice], [1]);
        var context = new PassContext(unknown, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());

        var trials = new SizeTrials(context, new NodeSelector(options), options, [sized], new HalfConstants(unknown, DataType.Float16), learning: null);
        Assert.That(trials.Measure([1]), Is.EqualTo(ModelWriter.SizeOf(known)));
        Assert.That(unknown.ScratchProblem, Is.Null, "nothing was made that could be put aside");
    }

    /// <summary>A first guess that seems to reach nothing is made good by measuring.</summary>
    [Test]
    public void Small_weights_are_not_given_up_by_estimate()
    {
        // Names and nodes take less than is estimated to begin with, and of many small weights that is much.
        OnnxModel Small()
        {
            var g = new GraphBuilder(opset: 17);
            var x = g.Input("x", DataType.Float, 2, 24);
            for (var i = 0; i < 20; i++)
                x = g.Op("MatMul", x, g.Weight($"{i}", Matrix(24, 24, i)));
            g.Output("y", x);
            return g.Build();
        }

        var smallest = Smallest(Missed(Small(), new() { Budget = new ByteSize(1000) }));
        var (least, more) = (Small(), Small());
        var coarse = Run(least, new() { Budget = new ByteSize(smallest) }, null).SizeBudgets.Single();
        var finer = Run(more, new() { Budget = new ByteSize(smallest + 1500) }, null).SizeBudgets.Single();

        Assert.That(finer.Error, Is.LessThan(coarse.Error));
    }

    [Test]
    public void An_accuracy_goal_beside_it_is_refused()
    {
        var goal = new AccuracyGoal(new BudgetLimit("sqnr", s_line) { Min = 30 });
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(1 << 20), Location = s_line, Accuracy = goal };

        Assert.That(Assert.Throws<DiagnosticException>(() => Run(Model(), options, null))!.Diagnostics.Single().Descriptor,
            Is.EqualTo(DiagnosticCatalog.SizeBudgetConflict));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void The_number_of_threads_changes_nothing(int threads)
    {
        var (some, others, data) = (Model(), Model(), Samples());
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(some) / 4) };
        Run(some, options, data);
        using (Cores.Limit(threads))
            Run(others, options, data);

        Assert.That(ModelWriter.ToBytes(others), Is.EqualTo(ModelWriter.ToBytes(some)));
    }

    /// <summary>With weights in floats, as it is written: without imports that nothing uses.</summary>
    private static long PlainSize()
    {
        var model = Model();
        Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model)) }, null);
        return ModelWriter.SizeOf(model);
    }

    private static int BitsOf(SizeOutcome report, string weight) => report.Weights.Single(one => one.Weight == weight).Bits;

    /// <summary>Layers one behind the other.</summary>
    private static OnnxModel Layers(int depth, int opset)
    {
        var g = new GraphBuilder(opset, 10);
        var x = g.Input("x", DataType.Float, Dimension.Unknown, depth);
        for (var i = 0; i < 3; i++)
            x = g.Op("MatMul", x, g.Weight($"w{i}", Matrix(depth, depth, i + 1)));
        g.Output("y", x);
        return g.Build();
    }
}
