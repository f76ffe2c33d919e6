using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OptimizeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public OptimizeTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_preset_writes_model_and_report()
    {
        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out/small.onnx"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(new FileInfo(_folder["out/small.onnx"]).Length, Is.LessThan(new FileInfo(_model).Length / 2));
            Assert.That(_folder["out/small.report.json"], Does.Exist);
            Assert.That(File.ReadAllText(_folder["out/small.report.html"]), Does.Contain("<h1>small.onnx</h1>"));
            Assert.That(run.Out, Does.Contain("quantize-weights"));
            Assert.That(run.Error, Does.Contain("MO5001"), "that accuracy was not measured is said aloud");
        });
    }

    [Test]
    public void An_output_that_is_no_onnx_file_is_a_folder()
    {
        Cli.Run("optimize", _model, "--preset", "cpu-int8", "-o", _folder["out"]);

        Assert.That(_folder["out/model.onnx"], Does.Exist);
    }

    [Test]
    public void The_profile_beside_the_model_applies_by_itself()
    {
        var profile = _folder.Write("model-opt.yaml", "version: 1\npasses: [quantize-weights]\n");

        var run = Cli.Run("optimize", _model, "-o", _folder["out"]);

        Assert.That(run.Error, Does.StartWith($"Profile: {profile}\n"));
        Assert.That(run.Out, Does.Contain("quantize-weights"));
    }

    [Test]
    public void A_profile_that_names_its_model_needs_no_argument()
    {
        var profile = _folder.Write("p.yaml", "version: 1\nmodel: model.onnx\npasses: [simplify]\n");

        Assert.That(Cli.Run("optimize", "-p", profile, "-o", _folder["out"]).ExitCode, Is.Zero);
        Assert.That(_folder["out/model.onnx"], Does.Exist);
    }

    [Test]
    public void Json_is_one_object_on_stdout()
    {
        var json = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"], "--json").Json;

        Assert.Multiple(() =>
        {
            Assert.That(json.GetProperty("schemaVersion").GetInt32(), Is.EqualTo(1));
            Assert.That(json.GetProperty("accepted").GetBoolean());
            Assert.That(json.GetProperty("report").GetProperty("passes").GetArrayLength(), Is.GreaterThan(1));
        });
    }

    [Test]
    public void The_build_gets_a_summary_as_the_last_event()
    {
        var events = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"], "--events").Events;

        Assert.That(events.Select(e => e.GetProperty("kind").GetString()), Is.EqualTo(["diagnostic", "summary"]));
        Assert.That(events[^1].GetProperty("message").GetString(), Does.Contain(" → "));
    }

    [Test]
    public void A_broken_size_budget_is_exit_code_5_at_the_line_of_its_key()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [simplify]\nbudget:\n  size: 1 KiB\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(5));
            Assert.That(run.Error, Does.Contain($"{profile}(4,3): error MO6001: "));
            Assert.That(run.Out, Does.Contain("BROKEN"));
            Assert.That(_folder["out/model.onnx"], Does.Not.Exist);
        });
    }

    [Test]
    public void All_mistakes_of_a_profile_come_at_once_with_exit_code_3()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npases: [simplify]\nbudget:\n  sise: 1 KiB\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(3));
            Assert.That(run.Error, Does.Contain($"{profile}(2,1): error MO1004: ").And.Contain("'passes'"));
            Assert.That(run.Error, Does.Contain($"{profile}(4,3): error MO1").And.Contain("'size'"));
            Assert.That(_folder["out"], Does.Not.Exist);
        });
    }

    [Test]
    public void Data_that_does_not_fit_is_exit_code_6()
    {
        _folder.Write("data.jsonl", "{\"y\": [[1, 2, 3]]}\n");
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [simplify]\nevaluate:\n  data: data.jsonl\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"]);

        Assert.That(run.ExitCode, Is.EqualTo(6), run.Error);
        Assert.That(_folder["out/model.onnx"], Does.Not.Exist);
    }

    [Test]
    public void An_output_that_cannot_be_written_is_exit_code_7()
    {
        _folder.Write("occupied", "a file where a folder is wanted");

        var run = Cli.Run("optimize", _model, "--preset", "cpu-int8", "-o", _folder["occupied/model.onnx"]);

        Assert.That(run.ExitCode, Is.EqualTo(7));
        Assert.That(run.Error, Does.Contain("error MO7001: "));
    }

    [TestCase("Nonsense", 21)]
    [TestCase("Relu", 99)]
    public void What_the_runtime_lacks_is_kept_and_accuracy_left_unmeasured(string op, int opset)
    {
        var g = new GraphBuilder(opset, irVersion: 10);
        g.Output("y", g.Op(op, g.Input("x", DataType.Float, 1, 2)), new TensorType(DataType.Float, new Shape([1, 2])));
        ModelWriter.Save(g.Build(), _folder["odd.onnx"]);
        _folder.Write("data.jsonl", "{\"x\": [[1, 2]]}\n");
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [simplify]\nevaluate:\n  data: data.jsonl\n");

        var run = Cli.Run("optimize", _folder["odd.onnx"], "-p", profile, "-o", _folder["out"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("warning MO5001: Accuracy was NOT measured: ONNX Runtime "));
        Assert.That(OnnxModel.Load(_folder["out/odd.onnx"]).Graph.Nodes.Single().OpType, Is.EqualTo(op));
    }

    [Test]
    public void A_model_that_is_missing_is_told_where_the_profile_names_it()
    {
        var profile = _folder.Write("p.yaml", "version: 1\nmodel: gone.onnx\npasses: [simplify]\n");

        var run = Cli.Run("optimize", "-p", profile, "-o", _folder["out"]);

        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.Error, Does.Contain($"{profile}(2,8): error MO2001: "));
    }

    [Test]
    public void External_data_of_the_original_is_never_overwritten()
    {
        ModelWriter.Save(OnnxModel.Load(_model), _folder["b.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always });
        File.Move(_folder["b.onnx"], _folder["a.onnx"]);
        var before = File.ReadAllBytes(_folder["b.onnx.data"]);

        var run = Cli.Run("optimize", _folder["a.onnx"], "--preset", "cpu-int8", "-o", _folder["b.onnx"]);

        Assert.That(run.ExitCode, Is.EqualTo(7));
        Assert.That(run.Error, Does.Contain("b.onnx.data : error MO7001: ").And.Contain("never overwritten"));
        Assert.That(File.ReadAllBytes(_folder["b.onnx.data"]), Is.EqualTo(before));
    }

    [Test]
    public void Variables_are_set_wherever_a_profile_is_read_and_arrays_not_used_are_listed_on_demand()
    {
        Npz.Write(_folder["data.npz"], ("x", new float[64], [1, 64]), ("spare", new float[1], [1]));
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [simplify]\nevaluate: { data: '${msbuild:Data}' }\n");

        foreach (var command in new[] { "optimize", "evaluate" })
        {
            var run = Cli.Run([command, _model, "-p", profile, "--set", "Data=data.npz", "-v", .. command == "optimize" ? ["-o", _folder["out"]] : Array.Empty<string>()]);
            Assert.That(run.ExitCode, Is.Zero, run.Error);
            Assert.That(run.Error, Does.Contain("no input of the model: spare"));
        }
        Assert.That(Cli.Run("profile", "show", profile, "--resolved", "--set", "Data=data.npz").Out, Does.Contain("data.npz"));
        Assert.That(Cli.Run("profile", "show", profile).ExitCode, Is.EqualTo(3));
    }

    [Test]
    public void Runs_at_once_on_one_output_do_not_meet()
    {
        var runs = new Cli[4];

        Parallel.For(0, runs.Length, i => runs[i] = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"]));

        Assert.That(runs.Select(run => run.ExitCode), Is.All.Zero, string.Concat(runs.Select(run => run.Error)));
        Assert.That(Directory.EnumerateFileSystemEntries(_folder["out"]).Select(Path.GetFileName), Is.EquivalentTo(["model.onnx", "model.report.json", "model.report.html"]));
    }

    [Test]
    public void An_interrupted_run_leaves_nothing()
    {
        var samples = Enumerable.Range(0, 8 * 64).Select(i => i % 7 - 3f).ToArray();
        Npz.Write(_folder["data.npz"], ("x", samples, [8, 64]));
        var profile = new OptimizationProfile { Evaluate = new EvaluateSettings { Data = [_folder["data.npz"]] } };
        using var interrupt = new CancellationTokenSource();
        var optimizer = new Optimizer(new OnnxRuntimeEngine(), new DiagnosticBag(), new InterruptAt("evaluate", interrupt));

        Assert.That(() => optimizer.Run(new OptimizationRequest(_model, profile, _folder["out/model.onnx"]), interrupt.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.EnumerateFileSystemEntries(_folder["out"]), Is.Empty);
    }

    private sealed class InterruptAt(string step, CancellationTokenSource interrupt) : IProgress<string>
    {
        public void Report(string value)
        {
            if (value == step)
                interrupt.Cancel();
        }
    }

    [TestCase("--preset cpu-int9", "did you mean 'cpu-int8'?")]
    [TestCase("--preset cpu-int8 -p p.yaml", "exclude each other")]
    [TestCase("--preset cpu-int8 --explain quantise-weights", "did you mean 'quantize-weights'?")]
    [TestCase("--preset cpu-int8 --max-rewrites -1", "from 0 on")]
    [TestCase("--preset cpu-int8 --max-rewrites few", "from 0 on, not 'few'")]
    [TestCase("--preset cpu-int8 --set nonsense", "NAME=VALUE")]
    [TestCase("", "--preset cpu-int8")]
    public void A_command_line_without_sense_is_exit_code_2(string options, string reason)
    {
        var run = Cli.Run(["optimize", _model, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(reason));
    }

    [Test]
    public void The_original_is_never_overwritten()
    {
        var before = File.ReadAllBytes(_model);

        Assert.That(Cli.Run("optimize", _model, "--preset", "cpu-int8", "-o", _folder.Path).ExitCode, Is.EqualTo(2));
        Assert.That(File.ReadAllBytes(_model), Is.EqualTo(before));
    }

    [Test]
    public void The_first_rewrites_can_be_had_alone()
    {
        var json = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"], "--max-rewrites", "1", "--json").Json;

        var rewrites = json.GetProperty("report").GetProperty("rewrites").EnumerateArray();
        Assert.That(rewrites.Sum(rewrite => rewrite.GetProperty("where").GetArrayLength()), Is.EqualTo(1));
    }

    [Test]
    public void An_opset_that_can_t_be_had_is_told_at_its_line_and_nothing_is_written()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npasses:\n  - upgrade-opset: 9\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"]);

        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.Error, Does.Contain($"{profile}(3,20): error MO3005: The model is of opset 21 already"));
        Assert.That(Directory.Exists(_folder["out"]) && Directory.GetFiles(_folder["out"]).Length > 0, Is.False);
    }

    [Test]
    public void A_group_is_explained_by_its_members()
    {
        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"], "--explain", "simplify");

        Assert.That(run.Out, Does.Match(@"\neliminate-identity:\n1 × [^\n]+\n  Identity -> '[^']*'\n\n"));
        Assert.That(run.Out, Does.Match(@"\n\d+ of the \d+ passes of simplify found nothing to do\.\n").And.Not.Contain("fold-shape"));
    }

    [Test]
    public void A_member_that_only_left_alone_has_its_line()
    {
        var g = new GraphBuilder(opset: 14);
        var x = g.Input("x", DataType.Float, 4);
        var erf = g.Op("Erf", g.Op("Div", x, g.Initializer("root", [], MathF.Sqrt(2))));
        g.Output("y", g.Op("Mul", g.Op("Mul", x, g.Op("Add", erf, g.Initializer("one", [], 1f))), g.Initializer("half", [], 0.5f)));
        ModelWriter.Save(g.Build(), _folder["gelu.onnx"]);
        var profile = _folder.Write("gelu.yaml", "version: 1\npasses: [fuse]\n");

        var run = Cli.Run("optimize", _folder["gelu.onnx"], "-p", profile, "-o", _folder["out"]);

        Assert.That(run.Out, Does.Match(@"\nfuse +0 +1 [^\n]+\n  fuse-gelu +1\n"));
    }

    [Test]
    public void A_group_named_twice_tells_each_time_what_it_did_then()
    {
        var profile = _folder.Write("twice.yaml", "version: 1\npasses: [simplify, simplify]\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"]);

        Assert.That(run.Out, Does.Match(@"\nsimplify +[1-9][^\n]+\n(  [^\n]+\n)+simplify +0 [^\n]+\n\n"));
    }

    [Test]
    public void What_differs_in_names_only_is_told_together()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1);
        foreach (var (name, number) in new[] { ("a", 1f), ("b", 1f), ("c", 2f), ("d", 2f) })
            g.Output($"y_{name}", g.Op("Add", x, g.Initializer(name, [1], number)));
        ModelWriter.Save(g.Build(), _folder["same.onnx"]);
        var profile = _folder.Write("same.yaml", "version: 1\npasses: [deduplicate-initializers]\n");

        var run = Cli.Run("optimize", _folder["same.onnx"], "-p", profile, "-o", _folder["out"], "--explain", "deduplicate-initializers");

        Assert.That(run.Out, Does.Contain("\n2 × read '…', which is equal\n  b ('a')\n  d ('c')\n"));
    }

    [Test]
    public void Explain_lists_what_a_pass_did()
    {
        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"], "--explain", "quantize-weights");

        Assert.That(run.Out, Does.Contain("w1").And.Contain("w2"));
    }

    [Test]
    public void The_table_fits_80_columns_without_trailing_blanks()
    {
        var lines = Cli.RunOnTerminal(80, "optimize", _model, "--preset", "cpu-int8", "-o", _folder["out"]).Out.Split('\n');

        Assert.That(lines, Has.All.Length.LessThanOrEqualTo(80));
        Assert.That(lines, Has.None.Matches(" $"));
        Assert.That(lines, Has.None.Contains("\e"), "no color where none is allowed");
    }
}
