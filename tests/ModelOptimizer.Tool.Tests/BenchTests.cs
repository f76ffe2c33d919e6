using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>Times differ from run to run; what is said about them does not.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public BenchTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Models_stand_beside_the_first_one()
    {
        var run = Cli.Run("bench", _model, Models.Classifier(_folder, "other.onnx"), "--rounds", "3", "--threads", "1", "2", "--batch", "4", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.Multiple(() =>
        {
            Assert.That(run.Json.GetProperty("generated").GetBoolean());
            Assert.That(run.Json.GetProperty("batch").GetInt32(), Is.EqualTo(4));
            Assert.That(run.Json.GetProperty("runs").EnumerateArray().Select(one => (one.GetProperty("threads").GetInt32(), one.GetProperty("rounds").GetInt32())),
                Is.EqualTo(new[] { (1, 3), (2, 3) }));
            var models = run.Json.GetProperty("runs")[0].GetProperty("models");
            Assert.That(models.EnumerateArray().Select(one => one.GetProperty("model").GetString()), Is.EqualTo(new[] { _model, _folder["other.onnx"] }));
            Assert.That(models[0].GetProperty("ratio").GetDouble(), Is.EqualTo(1));
            foreach (var figure in new[] { "medianMs", "p95Ms", "rowsPerSecond", "ratioLow", "ratioHigh", "loadMs" })
                Assert.That(models[1].GetProperty(figure).GetDouble(), Is.Positive, figure);
            Assert.That(models[0].TryGetProperty("operators", out _), Is.False, "nobody asked");
        });
    }

    [Test]
    public void Operators_and_kernels_are_listed_on_demand()
    {
        var run = Cli.Run("bench", _model, "--rounds", "3", "--ops", "--json");

        var model = run.Json.GetProperty("runs")[0].GetProperty("models")[0];
        Assert.That(model.GetProperty("operators").EnumerateArray().Select(one => one.GetProperty("operator").GetString()), Does.Contain("MatMul"));
        Assert.That(model.GetProperty("operators").EnumerateArray().Sum(one => one.GetProperty("share").GetDouble()), Is.EqualTo(1).Within(1e-9));
        Assert.That(model.GetProperty("kernels").EnumerateArray().Count(one => one.GetProperty("operator").GetString() == "MatMul"), Is.EqualTo(2));
    }

    [Test]
    public void A_table_says_what_the_models_ran_on()
    {
        Npz.Write(_folder["data.npz"], ("x", new float[3 * 64], [3, 64]));

        var real = Cli.Run("bench", _model, "--rounds", "3", "--data", _folder["data.npz"], "--ops").Out;
        var madeUp = Cli.Run("bench", _model, "--rounds", "3").Out;

        Assert.Multiple(() =>
        {
            Assert.That(real, Does.Contain("3 samples of 1 row from data.npz").And.Not.Contain("Made-up"));
            Assert.That(real, Does.Contain("1 thread, 3 rounds\nModel ").And.Contain("Slowest kernels"));
            Assert.That(madeUp, Does.Contain("Made-up inputs: times on real ones (--data) may differ."));
        });
    }

    /// <summary>A model whose weights are 16 MiB larger takes more: figures are of a process each, not of this one.</summary>
    [Test]
    public void Memory_is_that_of_a_process_for_each_model()
    {
        var (small, large) = (Layer("small.onnx", width: 64), Layer("large.onnx", width: 2048));

        var run = Cli.Run("bench", small, large, "--rounds", "1", "--batch", "2", "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        var models = run.Json.GetProperty("runs")[0].GetProperty("models");
        var memory = models.EnumerateArray().Select(model => model.GetProperty("memory")).ToList();
        foreach (var use in memory)
        {
            var (peak, before) = (Bytes(use, "peakBytes"), Bytes(use, "beforeBytes"));
            Assert.That(before, Is.GreaterThan(10 << 20), ".NET and the runtime themselves");
            Assert.That(peak, Is.GreaterThan(before));
            Assert.That(Bytes(use, "modelBytes"), Is.EqualTo(peak - before));
        }
        Assert.That(Bytes(memory[1], "modelBytes"), Is.GreaterThan(Bytes(memory[0], "modelBytes") + (8 << 20)), "16 MiB of weights");

        static long Bytes(System.Text.Json.JsonElement use, string name) => use.GetProperty(name).GetInt64();
    }

    [Test]
    public void The_table_has_a_column_for_memory() =>
        Assert.That(Cli.Run("bench", _model, "--rounds", "1").Out,
            Does.Match(@"Model .*Load +Memory +Ratio").And.Match(@"model\.onnx .* [\d.,]+ [KM]iB "));

    [Test]
    public void A_profile_gives_the_inputs()
    {
        Npz.Write(_folder["data.npz"], ("x", new float[3 * 64], [3, 64]));
        var evaluate = _folder.Write("e.yaml", "version: 1\nevaluate: { data: data.npz, batch: 3 }\n");
        var calibrate = _folder.Write("c.yaml", "version: 1\ncalibration: { data: data.npz }\n");

        Assert.That(Cli.Run("bench", _model, "--rounds", "1", "-p", evaluate).Out, Does.Contain("1 sample of 3 rows from data.npz"));
        Assert.That(Cli.Run("bench", _model, "--rounds", "1", "-p", calibrate).Out, Does.Contain("3 samples of 1 row from data.npz"));
        Assert.That(Cli.Run("bench", _model, "--rounds", "1", "-p", calibrate, "--batch", "2").Error, Does.Contain("--batch goes with --data"));
    }

    [TestCase("--threads is", "--threads", "0")]
    [TestCase("--time is a time such as 500ms or 3s, not '5'", "--time", "5")]
    [TestCase("--rounds and --time exclude each other", "--rounds", "3", "--time", "1s")]
    [TestCase("--length is for made-up inputs", "--length", "3", "--data", "x.npz")]
    [TestCase("--data and --profile both name data", "-p", "p.yaml", "--data", "x.npz")]
    public void Mistakes_are_told(string message, params string[] args)
    {
        var run = Cli.Run(["bench", _model, .. args]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(message.Replace("--threads is", "--threads takes numbers from 1 on, not '0'", StringComparison.Ordinal)));
    }

    [TestCase("1")]
    [TestCase("2")]
    public void A_batch_that_the_model_fixes_otherwise_is_refused_with_or_without_data(string batch)
    {
        var g = new Testing.GraphBuilder();
        g.Output("y", g.Op("Relu", g.Input("x", Onnx.DataType.Float, 4, 3)));
        Onnx.ModelWriter.Save(g.Build(), _folder["fixed.onnx"]);
        Npz.Write(_folder["rows.npz"], ("x", new float[24], [8, 3]));

        foreach (var data in new string[][] { [], ["--data", _folder["rows.npz"]] })
        {
            var run = Cli.Run(["bench", _folder["fixed.onnx"], "--rounds", "1", "--batch", batch, .. data]);

            Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Data));
            Assert.That(run.Error, Does.Contain($"fixed.onnx : error MO5004: A batch of {batch} is wanted, but the model's inputs fix it to 4 (x: float[4,3]); leave the batch out"));
        }
        Assert.That(Cli.Run("bench", _folder["fixed.onnx"], "--rounds", "1").Out, Does.Contain("of 4 rows"), "nobody asked for one row");
    }

    /// <summary>One product with a weight of width × width.</summary>
    private string Layer(string file, int width)
    {
        var g = new Testing.GraphBuilder();
        var x = g.Input("x", Onnx.DataType.Float, new Onnx.Dimension(null, "batch"), 64);
        var weight = g.Initializer("w", [width, width], new float[width * width]);
        g.Output("y", g.Op("MatMul", g.Op("MatMul", x, g.Initializer("v", [64, width], new float[64 * width])), weight));
        Onnx.ModelWriter.Save(g.Build(), _folder[file]);
        return _folder[file];
    }

    [Test]
    public void Models_with_other_inputs_can_not_be_compared()
    {
        var g = new Testing.GraphBuilder();
        g.Output("y", g.Op("Relu", g.Input("other", Onnx.DataType.Float, 2)));
        Onnx.ModelWriter.Save(g.Build(), _folder["other.onnx"]);

        var run = Cli.Run("bench", _model, _folder["other.onnx"]);

        Assert.That(run.ExitCode, Is.EqualTo(6));
        Assert.That(run.Error, Does.Contain("MO5009"));
    }

    /// <summary>91 numbers are in no input that is made up: what was optimized is not thrown away for that.</summary>
    [Test]
    public void Operators_that_can_not_be_timed_cost_no_result()
    {
        var g = new Testing.GraphBuilder();
        var shape = g.Initializer("shape", Onnx.Tensor.Create([2], 7L, 13L));
        var x = g.Op("Reshape", g.Input("x", Onnx.DataType.Float, new Onnx.Dimension(null, "n"), new Onnx.Dimension(null, "m")), shape);
        g.Output("y", g.Op("MatMul", x, g.Initializer("w", [13, 64], new float[13 * 64])));
        Onnx.ModelWriter.Save(g.Build(), _folder["odd.onnx"]);

        var run = Cli.Run("optimize", _folder["odd.onnx"], "--preset", "weights-int8", "-o", _folder["done.onnx"], "--profile-ops");

        Assert.That((run.ExitCode, File.Exists(_folder["done.onnx"])), Is.EqualTo((0, true)), run.Error);
        Assert.That(run.Error, Does.Contain("warning MO5007: Operators were not timed. No inputs could be made up").And.Contain("'evaluate: { data: FILE.npz }' in a profile"));
    }

    [Test]
    public void Profiling_operators_tells_what_quantization_made_of_them_and_changes_no_byte()
    {
        // The model is too small to gain speed.
        File.WriteAllText(_folder["small.yaml"], "version: 1\npasses: [quantize-dynamic: { prefer: size }]\n");
        var plain = Cli.Run("optimize", _model, "-p", _folder["small.yaml"], "-o", _folder["plain.onnx"]);
        var run = Cli.Run("optimize", _model, "-p", _folder["small.yaml"], "-o", _folder["profiled.onnx"], "--profile-ops");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.Multiple(() =>
        {
            Assert.That(run.Out, Does.Contain("Quantized operators on generated inputs").And.Contain("Runs as"));
            Assert.That(run.Error, Does.Contain("MO4072"));
            Assert.That(File.ReadAllBytes(_folder["profiled.onnx"]), Is.EqualTo(File.ReadAllBytes(_folder["plain.onnx"])));
            Assert.That(plain.Out, Does.Not.Contain("Quantized operators"));
        });
        var report = System.Text.Json.JsonDocument.Parse(File.ReadAllText(_folder["profiled.report.json"])).RootElement;
        Assert.That(report.GetProperty("operators").GetProperty("types").EnumerateArray().Select(one => one.GetProperty("operator").GetString()), Is.EqualTo(new[] { "MatMul" }));
    }
}
