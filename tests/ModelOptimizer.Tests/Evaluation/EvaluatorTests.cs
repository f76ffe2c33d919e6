using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EvaluatorTests : IDisposable
{
    private readonly DataFolder _folder = new();
    private readonly DiagnosticBag _diagnostics = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Scores_and_differences_are_measured_by_default()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(2, 2)", 1, 2, 3, 1)), ("labels", DataFolder.Longs("(2,)", 1, 0)));

        var measured = Evaluate(Add(0, 0), Add(0, 1.5f), new EvaluateSettings { Data = [file] });

        // With (0, 1.5) added both rows stay decided: 1 < 3.5, 3 > 2.5.
        Assert.That(measured.Samples, Is.EqualTo(2));
        Assert.That(measured.Find("top-1"), Has.Property("Original").EqualTo(1.0).And.Property("Result").EqualTo(1.0).And.Property("Output").EqualTo("y"));
        Assert.That(measured.Find("max-abs-error")!.Result, Is.EqualTo(1.5));
        Assert.That(measured.Find("sqnr")!.Result, Is.EqualTo(10 * Math.Log10(15 / 4.5)).Within(1e-9));
        Assert.That(measured.Find("size")!.Result, Is.Positive);
        Assert.That(measured.Find("size-ratio")!.Result, Is.EqualTo(1).Within(0.05));
        Assert.That(measured.Find("compressed-size")!.Result, Is.Positive.And.LessThan(measured.Find("size")!.Result + 50));
        Assert.That(measured.Find("agreement"), Is.Null, "floats are compared as numbers");
        Assert.That(measured.Find("perplexity"), Is.Null);
        Assert.That(measured.Find("latency-ratio"), Is.Null, "time is measured on demand");
    }

    [Test]
    public void Without_data_a_warning_says_that_accuracy_was_not_measured()
    {
        var measured = Evaluate(Add(0, 0), Add(0, 1), settings: null);

        Assert.That(measured.IsAccuracyMeasured, Is.False);
        Assert.That(measured.All.Select(m => m.Metric), Is.EquivalentTo(new[] { "size", "compressed-size", "size-ratio" }));
        Assert.That(_diagnostics.Diagnostics.Single(), Has.Property("Code").EqualTo("MO5001").And.Property("Severity").EqualTo(Severity.Warning)
            .And.Message.Contains("NOT measured").And.Message.Contains("evaluate: { data:"));
    }

    [Test]
    public void Named_metrics_and_those_of_the_budget_are_measured_and_no_others()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));
        var request = new EvaluationRequest
        {
            Settings = new EvaluateSettings { Data = [file], Metrics = ["agreement"] },
            AlsoMeasure = ["sqnr", "latency-ratio"],
        };

        var measured = new Evaluator(new OnnxRuntimeEngine(), _diagnostics).Measure(Add(0, 0), Add(0, 0), request);

        Assert.That(measured.All.Select(m => m.Metric).Except(["size", "compressed-size", "size-ratio"]),
            Is.EquivalentTo(new[] { "agreement", "sqnr", "latency-ratio" }));
        Assert.That(measured.Find("latency-ratio")!.Result, Is.Positive);
        Assert.That(measured.Find("latency-ratio")!.Remark, Does.Contain("rounds").And.Contain("1 thread"));
    }

    [Test]
    public void What_is_asked_for_but_can_not_be_measured_is_said()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));
        var settings = new EvaluateSettings { Data = [file], Metrics = ["sqnr", "latency-ratio", "size-ratio", "size"] };

        new Evaluator(new OnnxRuntimeEngine(), _diagnostics).MeasureAlone(Add(0, 0), new EvaluationRequest { Settings = settings });

        Assert.That(_diagnostics.Diagnostics.Select(diagnostic => $"{diagnostic.Code} {diagnostic.Message}"), Is.EquivalentTo(new[]
        {
            "MO5011 latency-ratio was not measured: it needs an original to compare with",
            "MO5011 sqnr was not measured: it needs an original to compare with, or outputs recorded with the data",
            "MO5011 size-ratio was not measured: it needs an original to compare with",
        }));
    }

    [Test]
    public void Files_are_named_and_not_located_in_what_reports_repeat()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));

        Evaluate(Add(0, 0), Add(0, float.PositiveInfinity), new EvaluateSettings { Data = [file] });

        Assert.That(_diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO5008"));
        Assert.That(_diagnostics.Diagnostics.Single().Message, Does.Contain("sample 0 of data.npz").And.Not.Contain(Path.GetDirectoryName(file)));
    }

    [Test]
    public void An_interrupt_stops_between_samples()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));
        var request = new EvaluationRequest { Settings = new EvaluateSettings { Data = [file] } };

        Assert.Throws<OperationCanceledException>(() => new Evaluator(new OnnxRuntimeEngine(), _diagnostics).Measure(Add(0, 0), Add(0, 0), request, new CancellationToken(canceled: true)));
    }

    [Test]
    public void Tokens_at_positions_give_perplexity_and_minus_100_is_ignored()
    {
        // Logits (1, 2) at each of two positions of one row; only the second is scored: −ln p(0) = ln(1 + e).
        var file = _folder.WriteNpz("data.npz",
            ("x", DataFolder.Floats("(1, 2, 2)", 9, -9, 1, 2)), ("labels", DataFolder.Longs("(1, 2)", -100, 0)));
        var model = Model("Add", new TensorType(DataType.Float, new Shape([Dimension.Unknown, 2, 2])), Tensor.Create([2], 0f, 0));

        var measured = Evaluate(model, model.Clone(), new EvaluateSettings { Data = [file] });

        Assert.That(measured.Find("perplexity")!.Result, Is.EqualTo(1 + Math.E).Within(1e-6));
        Assert.That(measured.Find("top-1"), Is.Null);
    }

    [Test]
    public void All_labels_ignored_is_an_error() => AssertFails("MO5005", "ignore", DataFolder.Longs("(1,)", -100));

    [TestCase(2)]
    [TestCase(-1)]
    public void A_label_that_is_no_class_is_an_error(long label) => AssertFails("MO5005", $"Label {label} in sample 0", DataFolder.Longs("(1,)", label));

    [Test]
    public void Labels_that_fit_no_output_are_an_error_when_asked_for_and_a_remark_otherwise()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)), ("labels", DataFolder.Longs("(1, 3)", 1, 1, 1)));

        var measured = Evaluate(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [file] });
        Assert.That(measured.Remarks.Single(), Does.Contain("No output fits"));
        Assert.That(measured.Find("perplexity"), Is.Null);
        Assert.That(_diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO5010"));

        var problem = Fail(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [file], Metrics = ["top-1"] });
        Assert.That(problem.Code, Is.EqualTo("MO5006"));
        Assert.That(problem.Message, Does.Contain("y float[1,2]"));
    }

    [Test]
    public void A_named_metric_without_labels_is_an_error()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));

        Assert.That(Fail(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [file], Metrics = ["top-5"] }),
            Has.Property("Code").EqualTo("MO5005").And.Message.Contains("top-5 needs labels"));
    }

    [Test]
    public void Several_outputs_that_fit_must_be_told_apart()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)), ("labels", DataFolder.Longs("(1,)", 1)));
        var model = TwoOutputs();

        Assert.That(Fail(model, model.Clone(), new EvaluateSettings { Data = [file] }),
            Has.Property("Code").EqualTo("MO5006").And.Message.Contains("y, negative").And.Message.Contains("output: y"));
        Assert.That(Evaluate(model, model.Clone(), new EvaluateSettings { Data = [file], Output = "negative" }).Find("top-1")!.Result, Is.Zero);
        Assert.That(Fail(model, model.Clone(), new EvaluateSettings { Data = [file], Output = "negativ" }).Message, Does.Contain("did you mean 'negative'?"));
    }

    [Test]
    public void The_worst_output_is_reported()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));
        var original = TwoOutputs();
        var candidate = TwoOutputs(shift: 0.25f);

        var error = Evaluate(original, candidate, new EvaluateSettings { Data = [file] }).Find("max-abs-error")!;

        Assert.That((error.Result, error.Output), Is.EqualTo((0.25, "negative")));
    }

    [Test]
    public void Values_that_are_not_finite_raise_an_alarm_with_the_output_and_sample()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(2, 2)", 1, 2, 3, 3e38f)));

        var measured = Evaluate(Add(0, 0), Add(0, 3e38f), new EvaluateSettings { Data = [file] });

        Assert.That(measured.Find("sqnr")!.Result, Is.NaN);
        Assert.That(_diagnostics.Diagnostics.Single(), Has.Property("Code").EqualTo("MO5008").And.Message.Contains("'y'").And.Message.Contains("sample 1"));
    }

    [Test]
    public void A_run_that_fails_names_the_sample_and_the_runtimes_reason()
    {
        var file = _folder.WriteText("data.jsonl", """{"x": [[1, 2]]}""" + "\n" + """{"x": [[1, 2, 3]]}""");
        var model = Model("Add", new TensorType(DataType.Float, new Shape([1, Dimension.Unknown])), Tensor.Create([2], 0f, 0));

        Assert.That(Fail(model, model.Clone(), new EvaluateSettings { Data = [file] }),
            Has.Property("Code").EqualTo("MO5007").And.Message.Contains("sample 1").And.Message.Contains("broadcast"));
    }

    [Test]
    public void Models_with_different_signatures_are_not_compared()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)));

        Assert.That(Fail(TwoOutputs(), Add(0, 0), new EvaluateSettings { Data = [file] }),
            Has.Property("Code").EqualTo("MO5009").And.Message.Contains("'negative' is missing"));
    }

    /// <summary>The original would take any number of rows.</summary>
    [Test]
    public void An_axis_that_only_the_result_fixes_decides_how_data_is_cut()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(4, 2)", 1, 2, 3, 4, 5, 6, 7, 8)));
        var result = Add(0, 0);
        result.Graph.Inputs[0].Type = new TensorType(DataType.Float, Shape.Of(2, 2));

        var measured = Evaluate(Add(0, 0), result, new EvaluateSettings { Data = [file] });

        Assert.That((measured.Samples, measured.Find("max-abs-error")!.Result), Is.EqualTo((2, 0.0)));
    }

    [Test]
    public void A_model_alone_is_held_against_recorded_outputs()
    {
        WriteTensor("test_data_set_0/input_0.pb", [1, 2], 1, 2);
        WriteTensor("test_data_set_0/output_0.pb", [1, 2], 1, 2.5f);
        var request = new EvaluationRequest { Settings = new EvaluateSettings { Data = [_folder["test_data_set_*"]] } };

        var measured = new Evaluator(new OnnxRuntimeEngine(), _diagnostics).MeasureAlone(Add(0, 0), request);

        Assert.That(measured.Find("max-abs-error")!.Result, Is.EqualTo(0.5));
        Assert.That(measured.Find("size")!.Original, Is.Null);
    }

    [Test]
    public void Tensors_that_do_not_fit_or_are_none_are_refused()
    {
        WriteTensor("test_data_set_0/input_0.pb", [1, 3], 1, 2, 3);
        Assert.That(Fail(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [_folder.Path] }).Code, Is.EqualTo("MO5004"));

        _folder.WriteText("test_data_set_0/input_0.pb", "<html>");
        Assert.That(Fail(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [_folder.Path] }).Code, Is.EqualTo("MO5003"));
    }

    private void WriteTensor(string name, long[] dimensions, params float[] elements)
    {
        // A TensorProto by hand: dims (1), data_type (2), raw_data (9).
        byte[] raw = [.. System.Runtime.InteropServices.MemoryMarshal.AsBytes(elements.AsSpan())];
        _folder.Write(name, [.. dimensions.SelectMany(d => new byte[] { 0x08, (byte)d }), 0x10, 1, 0x4A, (byte)raw.Length, .. raw]);
    }

    private void AssertFails(string code, string reason, byte[] labels)
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 2)", 1, 2)), ("labels", labels));

        Assert.That(Fail(Add(0, 0), Add(0, 0), new EvaluateSettings { Data = [file] }), Has.Property("Code").EqualTo(code).And.Message.Contains(reason));
    }

    private Diagnostic Fail(OnnxModel original, OnnxModel candidate, EvaluateSettings settings) =>
        Assert.Throws<DiagnosticException>(() => Evaluate(original, candidate, settings))!.Diagnostics[0];

    private Measurements Evaluate(OnnxModel original, OnnxModel candidate, EvaluateSettings? settings) =>
        new Evaluator(new OnnxRuntimeEngine(), _diagnostics).Measure(original, candidate, new EvaluationRequest { Settings = settings });

    /// <summary>y = x + (a, b) for x [batch, 2].</summary>
    private static OnnxModel Add(float a, float b) =>
        Model("Add", new TensorType(DataType.Float, new Shape([Dimension.Unknown, 2])), Tensor.Create([2], a, b));

    private static OnnxModel Model(string op, TensorType type, Tensor constant)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op(op, g.Input("x", type), g.Initializer("c", constant)), type with { Shape = null });
        return g.Build();
    }

    private static OnnxModel TwoOutputs(float shift = 0)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, 2);
        g.Output("y", g.Op("Identity", x), x.Type);
        g.Output("negative", g.Op("Sub", g.Initializer("s", [2], shift, shift), x), x.Type);
        return g.Build();
    }
}
