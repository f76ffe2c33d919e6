using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Calibration;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RangesFileTests : IDisposable
{
    private static readonly SourceLocation s_line = new("model-opt.yaml", 3, 1);
    private readonly DataFolder _folder = new();

    /// <summary>Of <see cref="Model"/>, in every process.</summary>
    private const string ContentOfModel = "f8d7100260eab903ad31d8f46b0080c2";

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Ranges_come_back_bit_by_bit_without_the_data()
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        var first = Learn(measured, model, values);
        measured.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Calibrate(WithRanges());
        var second = Learn(read, model, values);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(read.ToFile()!.ToJson(), Is.EqualTo(measured.ToFile()!.ToJson()));
    }

    [Test]
    public void The_file_says_what_it_is_of()
    {
        var (model, values) = Model();
        var calibration = Calibrate(WithData());
        calibration.Ranges(model, values, new RangeOptions { Calibrator = Calibrator.MovingAverage });
        calibration.ChannelRanges(model, new Dictionary<Value, int> { [values[0]] = -1 }, new RangeOptions());

        Assert.That(System.Text.Encoding.UTF8.GetString(calibration.ToFile()!.ToJson()).ReplaceLineEndings("\n"), Is.EqualTo(
            """
            {
              "schemaVersion": 4,
              "model": "abc",
              "samples": 2,
              "sections": [
                {
                  "pass": "quantize-static",
                  "step": 1,
                  "state": 0,
                  "content": "@",
                  "constants": "AACAP0TzhD8AAAAA",
                  "calibrator": "moving-average, averaging-constant 0.01",
                  "values": {
                    "Neg": [
                      -2.5,
                      1.5
                    ],
                    "same": [
                      -1.5,
                      2.5
                    ],
                    "same#2": [
                      -4,
                      2
                    ]
                  },
                  "channels": {}
                },
                {
                  "pass": "quantize-static",
                  "step": 1,
                  "state": 0,
                  "content": "@",
                  "constants": "AACAP0TzhD8AAAAA",
                  "calibrator": "min-max",
                  "values": {},
                  "channels": {
                    "same@-1": [
                      1,
                      4,
                      -2,
                      -1
                    ]
                  }
                }
              ]
            }

            """.ReplaceLineEndings("\n").Replace("\"@\"", $"\"{ContentOfModel}\"")));
    }

    /// <summary>The data that was not there can't be blamed, and whether it made infinities nobody knows.</summary>
    [Test]
    public void What_a_file_lacks_is_not_said_of_data()
    {
        var (model, values) = Model();
        var calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Ranges = _folder["old.ranges.json"] });

        Assert.That(calibration.WhyNoRange(model, values[0]), Is.EqualTo(
            $"'old.ranges.json' has no range for {values[0]}: the data it was measured on never computes it, or never a finite number of it"));
    }

    [Test]
    public void What_was_measured_once_is_not_measured_again()
    {
        var (model, values) = Model();
        var calibration = Calibrate(WithData());
        var first = calibration.Ranges(model, values, new RangeOptions());
        File.Delete(_folder["calibration.jsonl"]);

        var copy = model.Clone(out var copies);
        Assert.That(calibration.Ranges(copy, [.. values.Select(value => copies[value]!)], new RangeOptions()).Values, Is.EqualTo(first.Values));
        copy.Graph.Insert(null, "Neg", [copy.Graph.Inputs[1]]);
        Assert.That(() => calibration.Ranges(copy, [copies[values[0]]!], new RangeOptions()), Throws.InstanceOf<DiagnosticException>(), "the model has changed");
    }

    [Test]
    public void Each_state_of_the_model_has_ranges_of_its_own()
    {
        var (model, values) = Model();
        var changed = model.Clone(out var copies);
        var scale = changed.Graph.Nodes.First(node => node.OpType == "Mul").Input(1)!;
        scale.ReplaceAllUsesWith(changed.Graph.AddInitializer("other", Tensor.Create([1], 100f)));
        var measured = Calibrate(WithData());
        var (before, after) = (measured.Ranges(model, [values[0]], new RangeOptions()), measured.Ranges(changed, [copies[values[0]]!], new RangeOptions()));
        measured.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Calibrate(WithRanges());
        Assert.That(after.Values, Is.Not.EqualTo(before.Values));
        Assert.That(read.Ranges(model, [values[0]], new RangeOptions()).Values, Is.EqualTo(before.Values));
        Assert.That(read.Ranges(changed, [copies[values[0]]!], new RangeOptions()).Values, Is.EqualTo(after.Values));
    }

    [TestCase("mse", "quantize-static", 1, "; it was measured with min-max. ")]
    [TestCase("min-max", "quantize-static", 2, "; it has one for quantize-static as entry 2 of the passes. ")]
    [TestCase("min-max", "smooth-quant", 1, "; it has one for quantize-static as entry 2 of the passes. ")]
    public void A_missing_range_is_an_error_that_names_the_next_step(string calibrator, string pass, int step, string instead)
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        measured.Ranges(model, values, new RangeOptions());
        measured.ToFile()!.Write(_folder["m.ranges.json"]);
        var read = Calibrate(WithRanges());
        read.Begin(new PassSettings(pass, null, s_line), step);

        var mistake = Assert.Throws<DiagnosticException>(() => read.Ranges(model, values, new RangeOptions { Calibrator = Calibrator.Find(calibrator)! }))!.Diagnostics.Single();

        Assert.That((mistake.Code, mistake.Location), Is.EqualTo(("MO4024", s_line)));
        Assert.That(mistake.Message, Does.StartWith($"The ranges file has no range of 'same' and 2 more for {pass} with {calibrator}"));
        Assert.That(mistake.Message, Does.Contain(instead + "Add 'data:'").Or.Contain(", 8 bits" + instead));
    }

    [Test]
    public void With_both_only_what_the_file_lacks_is_measured()
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        measured.Ranges(model, [values[0]], new RangeOptions());
        var file = measured.ToFile()!;
        file.Sections[0].Set("same", null, [new ValueRange(-77, 77)]);
        file.Write(_folder["m.ranges.json"]);

        var ranges = Calibrate(WithData() with { Ranges = _folder["m.ranges.json"] }).Ranges(model, values, new RangeOptions());

        Assert.That(ranges[values[0]], Is.EqualTo(new ValueRange(-77, 77)));
        Assert.That(ranges[values[1]], Is.EqualTo(new ValueRange(-4, 2)));
    }

    [TestCase(false, "MO4026", Severity.Error)]
    [TestCase(true, "MO4026", Severity.Warning)]
    public void Ranges_of_another_model_are_not_believed(bool withData, string code, Severity severity)
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        measured.Ranges(model, values, new RangeOptions());
        (measured.ToFile()! with { Model = "another" }).Write(_folder["m.ranges.json"]);

        var told = Told(withData, read => Assert.That(read.Ranges(model, values, new RangeOptions()), Has.Count.EqualTo(3)));

        Assert.That((told.Code, told.Severity), Is.EqualTo((code, severity)));
    }

    /// <summary>Whatever it looked like inside.</summary>
    [Test]
    public void A_file_of_an_earlier_version_is_made_anew([Values] bool withData)
    {
        var (model, values) = Model();
        File.WriteAllText(_folder["m.ranges.json"], """{ "schemaVersion": 2, "model": "abc", "samples": 1, "sections": { "then": [] } }""");

        var told = Told(withData, read => Assert.That(read.Ranges(model, values, new RangeOptions()), Has.Count.EqualTo(3)));

        Assert.That((told.Code, told.Severity, told.Location), Is.EqualTo(("MO4025", withData ? Severity.Warning : Severity.Error, s_line)));
        Assert.That(told.Message, Does.EndWith(withData
            ? "was written by an earlier ModelOptimizer, so that all ranges are measured anew: put the NAME.ranges.json beside the result in its place"
            : "was written by an earlier ModelOptimizer: build once with 'data:' and take the new NAME.ranges.json beside the result"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Ranges_of_another_state_of_the_model_are_not_believed(bool withData)
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        var first = measured.Ranges(model, [values[0]], new RangeOptions())[values[0]];
        measured.ToFile()!.Write(_folder["m.ranges.json"]);
        // As if another pass came before, that scales: same pass, same step, same names.
        var scale = model.Graph.Nodes.First(node => node.OpType == "Mul").Input(1)!;
        scale.ReplaceAllUsesWith(model.Graph.AddInitializer("other", Tensor.Create([1], 100f)));

        var told = Told(withData, read =>
        {
            var range = read.Ranges(model, [values[0]], new RangeOptions())[values[0]];
            Assert.That((range.Low, range.High), Is.EqualTo((100 * first.Low, 100 * first.High)));
        });

        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO4026", withData ? Severity.Warning : Severity.Error)));
        Assert.That(told.Message, Does.Contain("measured on another state of the model: the passes before quantize-static"));
    }

    /// <summary>The one thing that is said of the file, be it in the end.</summary>
    private Diagnostic Told(bool withData, Action<CalibrationData> use)
    {
        var diagnostics = new DiagnosticBag();
        try
        {
            use(Calibrate(withData ? WithData() with { Ranges = _folder["m.ranges.json"] } : WithRanges(), diagnostics));
        }
        catch (DiagnosticException mistake)
        {
            mistake.Diagnostics.ToList().ForEach(diagnostics.Report);
        }
        return diagnostics.Diagnostics.Single();
    }

    /// <summary>As if folded on another kind of CPU.</summary>
    [TestCase(1.0000001f, true)]
    [TestCase(1.001f, false)]
    public void Ranges_are_believed_where_only_last_bits_of_constants_differ(float scale, bool believed)
    {
        var (model, values) = Model();
        var measured = Calibrate(WithData());
        var first = measured.Ranges(model, values, new RangeOptions());
        measured.ToFile()!.Write(_folder["m.ranges.json"]);
        var constant = model.Graph.Nodes.First(node => node.OpType == "Mul").Input(1)!;
        constant.ReplaceAllUsesWith(model.Graph.AddInitializer("other", Tensor.Create([1], scale)));
        model.Graph.Initializers.First(initializer => initializer.Uses.Count == 0).RemoveIfUnused();
        var read = Calibrate(WithRanges());

        if (!believed)
        {
            Assert.That(() => read.Ranges(model, values, new RangeOptions()), Throws.TypeOf<DiagnosticException>().With.Message.Contains("MO4026"));
            return;
        }
        Assert.That(read.Ranges(model, values, new RangeOptions()).Values, Is.EqualTo(first.Values));
        Assert.That(read.ToFile()!.ToJson(), Is.EqualTo(measured.ToFile()!.ToJson()));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("null")]
    [TestCase("{ \"schemaVersion\": 0, \"model\": \"abc\", \"samples\": 1, \"sections\": [] }")]
    [TestCase("{ \"schemaVersion\": 99, \"model\": \"abc\", \"samples\": 1, \"sections\": [] }")]
    [TestCase("{ \"schemaVersion\": \"2\" }")]
    [TestCase("[2]")]
    [TestCase("{ \"schemaVersion\": 4, \"model\": \"abc\", \"samples\": 1, \"sections\": [null] }")]
    [TestCase("{ \"schemaVersion\": 4, \"model\": \"abc\", \"samples\": 1, \"sections\": [{ \"pass\": \"p\", \"step\": 0, \"state\": 0, \"content\": \"a\", \"constants\": \"\", \"calibrator\": \"c\", \"values\": { \"x\": [1] } }] }")]
    [TestCase("{ \"schemaVersion\": 4, \"model\": \"abc\", \"samples\": 1, \"sections\": [{ \"pass\": \"p\", \"step\": 0, \"state\": 0, \"calibrator\": \"c\", \"values\": {} }] }")]
    [TestCase("{ \"schemaVersion\": 4, \"model\": \"abc\", \"samples\": 1, \"sections\": [{ \"pass\": \"p\", \"step\": 0, \"state\": 0, \"content\": \"a\", \"constants\": \"\", \"calibrator\": \"c\", \"moments\": { \"x\": { \"means\": [1] } } }] }")]
    [TestCase("{ \"schemaVersion\": 4, \"model\": \"abc\", \"samples\": 1, \"sections\": [{ \"pass\": \"p\", \"step\": 0, \"state\": 0, \"content\": \"a\", \"constants\": \"\", \"calibrator\": \"c\", \"moments\": { \"x\": { \"means\": [1], \"squares\": [1, 2] } } }] }")]
    public void A_damaged_file_is_told_at_the_profile(string? content)
    {
        if (content is not null)
            File.WriteAllText(_folder["m.ranges.json"], content);

        var mistake = Assert.Throws<DiagnosticException>(() => Calibrate(WithRanges()))!.Diagnostics.Single();

        Assert.That((mistake.Code, mistake.Location), Is.EqualTo(("MO4025", s_line)));
    }

    [Test]
    public void What_learns_more_than_ranges_needs_the_data()
    {
        var (model, _) = Model();
        new RangesFile(RangesFile.CurrentVersion, "abc", 2, []).Write(_folder["m.ranges.json"]);

        var mistake = Assert.Throws<DiagnosticException>(() => Calibrate(WithRanges()).Samples(model))!.Diagnostics.Single();

        Assert.That(mistake.Code, Is.EqualTo("MO4027"));
        Assert.That(mistake.Message, Does.StartWith("quantize-static learns more from the samples than ranges"));
    }

    [Test]
    public void Strange_samples_are_told_with_their_place()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n");
        var root = g.Op("Sqrt", x);
        root.Name = "root";
        g.Output("y", root);
        var data = Calibrations.WriteLines(_folder, [.. Enumerable.Range(1, 9).Select(i => $"{{\"x\": [{(i == 7 ? 1_000_000 : i)}, {(i == 5 ? -1 : 1)}]}}")]);
        var diagnostics = new DiagnosticBag();

        Calibrations.Of(data, diagnostics: diagnostics).Ranges(g.Build(), [root], new RangeOptions());

        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EqualTo(new[] { "MO4020", "MO4021" }));
        Assert.That(diagnostics.Diagnostics[0].Message, Does.Contain("'root' (from sample 4 in calibration.jsonl on)"));
        Assert.That(diagnostics.Diagnostics[1].Message, Does.Contain("'root' reaches 1000 in sample 6 of calibration.jsonl, 3 in all others"));
    }

    [Test]
    public void A_node_beyond_the_ceiling_is_told()
    {
        var (model, values) = Model();
        var diagnostics = new DiagnosticBag();

        Calibrate(WithData() with { Memory = new ByteSize(8) }, diagnostics).Ranges(model, values, new RangeOptions());

        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4023"));
    }

    /// <summary>A value, another of the same name in a branch, and one without a name.</summary>
    private static (OnnxModel Model, Value[] Values) Model()
    {
        var g = new GraphBuilder();
        var (x, yes) = (g.Input("x", DataType.Float, 1, 2), g.Input("yes", DataType.Bool));
        var outer = g.Op("Mul", x, g.Initializer("scale", [1], 1f));
        outer.Name = "same";
        Value inner = null!;
        var node = g.If(yes, then => [inner = then.Op("Add", outer, outer)], otherwise => [inner = otherwise.Op("Sub", outer, x)]);
        g.Output("branch", node.Output());
        var unnamed = g.Op("Neg", outer);
        g.Output("y", unnamed);
        var other = GraphWalker.Graphs(g.Build()).Single(graph => graph.Name == "then_branch").Nodes.First!.Output();
        other.Name = "same";
        return (g.Build(), [outer, unnamed, other]);
    }

    private static string Learn(CalibrationData calibration, OnnxModel model, Value[] values)
    {
        var text = "";
        foreach (var calibrator in Calibrator.All)
            text += Calibrations.Text(calibration.Ranges(model, values, new RangeOptions { Calibrator = calibrator })) + "\n";
        var channels = calibration.ChannelRanges(model, new Dictionary<Value, int> { [values[0]] = 1 }, new RangeOptions());
        return text + string.Join(' ', channels.Values.Single());
    }

    private CalibrationSettings WithData() => new()
    {
        Location = s_line,
        Data = [Calibrations.WriteLines(_folder, """{"x": [[1, -2]], "yes": true}""", """{"x": [[4, -1]], "yes": false}""")],
    };

    private CalibrationSettings WithRanges() => new() { Location = s_line, Ranges = _folder["m.ranges.json"] };

    private static CalibrationData Calibrate(CalibrationSettings settings, IDiagnosticSink? diagnostics = null)
    {
        var calibration = new CalibrationData(PassContexts.Engine, settings) { ModelDigest = () => "abc", Diagnostics = diagnostics };
        calibration.Begin(new PassSettings("quantize-static", null, s_line), 1);
        return calibration;
    }
}
