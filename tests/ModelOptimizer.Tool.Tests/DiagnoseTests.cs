using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DiagnoseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly string _data;

    public DiagnoseTests()
    {
        _model = Models.Classifier(_folder);
        _data = _folder["data.npz"];
        Npz.Write(_data, ("x", Enumerable.Range(0, 64 * 64).Select(i => i * 37 % 101 / 50f - 1).ToArray(), [64, 64]));
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Help() => Golden.Verify(Cli.Run("diagnose", "--help").Out);

    [Test]
    public void Losses_are_told_with_their_causes_and_what_to_write()
    {
        var run = Cli.Run("diagnose", _model, Small(bits: 2), "--data", _data);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Golden.Verify(run.Out);
    }

    [Test]
    public void Programs_hear_the_same()
    {
        var json = Cli.Run("diagnose", _model, Small(bits: 2), "--data", _data, "--json", "--samples", "4").Json;

        Assert.That((json.GetProperty("samples").GetInt32(), json.GetProperty("areBig").GetBoolean()), Is.EqualTo((4, true)));
        Assert.That(json.GetProperty("matched").GetProperty("byName").GetInt32(), Is.GreaterThan(0));
        var loss = json.GetProperty("losses")[0];
        Assert.That(loss.EnumerateObject().Select(property => property.Name), Is.EqualTo(new[] { "value", "node", "sqnrBefore", "sqnrAfter", "cause", "why", "mend" }));
        Assert.That(loss.GetProperty("cause").GetString(), Is.EqualTo("few-weight-bits"));
        Assert.That((json.GetProperty("inBodies").GetInt32(), json.GetProperty("uncompared").GetArrayLength()), Is.EqualTo((0, 0)));
        Assert.That(json.GetProperty("compared")[0].GetProperty("match").GetString(), Is.EqualTo("name"));
    }

    [Test]
    public void Eight_bits_leave_no_big_loss()
    {
        var run = Cli.Run("diagnose", _model, Small(bits: 8), "--data", _data, "--all");

        Assert.That(run.Out, Does.Contain("No node adds noise that alone would leave less than 25.0 dB; the largest loss:").And.Contain("As its readers see it"));
    }

    [TestCase("evaluate: { data: data.npz }")]
    [TestCase("calibration: { data: data.npz }")]
    public void A_profile_gives_the_data(string settings)
    {
        var profile = _folder.Write("p.yaml", $"version: 1\n{settings}\n");

        var run = Cli.Run("diagnose", _model, Small(bits: 8), "-p", profile, "--samples", "5");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("on 5 samples"));
    }

    /// <summary>How pictures become inputs takes more words than a command line has.</summary>
    [Test]
    public void Pictures_of_a_profile_do_as_well()
    {
        var g = new GraphBuilder();
        var y = g.Op("Relu", g.Input("x", Onnx.DataType.Float, 1, 3, 4, 4));
        y.Name = "y";
        g.Output("y", y);
        Onnx.ModelWriter.Save(g.Build(), _folder["picture.onnx"]);
        File.WriteAllBytes(_folder["cat.bmp"], Bitmap(side: 4));
        var profile = _folder.Write("p.yaml", "version: 1\ncalibration: { images: '*.bmp', mean: 0.5, std: 0.5 }\n");

        var run = Cli.Run("diagnose", _folder["picture.onnx"], _folder["picture.onnx"], "-p", profile);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("Compared 1 of 1 values on 1 sample:"));
    }

    [Test]
    public void Data_that_no_profile_names_is_asked_for_with_its_code()
    {
        var profile = _folder.Write("p.yaml", "version: 1\n");

        var none = Cli.Run("diagnose", _model, _model);
        var empty = Cli.Run("diagnose", _model, _model, "-p", profile);
        var both = Cli.Run("diagnose", _model, _model, "-p", profile, "--data", _data);

        Assert.That((none.ExitCode, empty.ExitCode, both.ExitCode), Is.EqualTo((2, 6, 2)));
        Assert.That(none.Error, Does.Contain("diagnose needs data: --data PATH, or -p PROFILE"));
        Assert.That(empty.Error, Does.Contain("p.yaml").And.Contain("error MO5030: The profile names no data"));
        Assert.That(both.Error, Does.Contain("--data and --profile both name data"));
    }

    [Test]
    public void Pictures_given_as_arrays_are_told_where_they_go()
    {
        File.WriteAllBytes(_folder["cat.jpg"], []);

        var run = Cli.Run("diagnose", _model, _model, "--data", _folder["cat.jpg"]);

        Assert.That(run.ExitCode, Is.EqualTo(6));
        Assert.That(run.Error, Does.Contain("'images:' of a profile"));
    }

    [Test]
    public void A_goal_is_kept_and_shown()
    {
        _folder.Write("p.yaml", "version: 1\npasses:\n  - quantize-weights: { bits: 2, accuracy: { metric: sqnr, min: 20 } }\nevaluate: { data: data.npz }\n");

        var run = Cli.Run("optimize", _model, "-p", _folder["p.yaml"], "-o", _folder["out.onnx"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("quantize-weights for sqnr, at least 20.0 dB: ").And.Contain("Left as it is"));
    }

    [Test]
    public void A_goal_out_of_reach_ends_like_a_broken_budget()
    {
        Npz.Write(_folder["labelled.npz"], ("x", new float[8 * 64], [8, 64]), ("labels", new long[] { 0, 1, 2, 3, 0, 1, 2, 3 }, [8]));
        _folder.Write("p.yaml", "version: 1\npasses:\n  - quantize-weights: { accuracy: { metric: top-1, min: 90% } }\nevaluate: { data: labelled.npz }\n");

        var run = Cli.Run("optimize", _model, "-p", _folder["p.yaml"], "-o", _folder["out.onnx"]);

        Assert.That((run.ExitCode, File.Exists(_folder["out.onnx"])), Is.EqualTo((5, false)));
        Assert.That(run.Error, Does.Contain("p.yaml(3,35): error MO4060: top-1 is 25% even with nothing taken by quantize-weights"));
    }

    [Test]
    public void A_goal_without_data_is_an_error_of_the_profile()
    {
        _folder.Write("p.yaml", "version: 1\npasses:\n  - quantize-weights: { accuracy: { metric: sqnr, min: 20 } }\n");

        var run = Cli.Run("optimize", _model, "-p", _folder["p.yaml"], "-o", _folder["out.onnx"]);

        Assert.That(run.ExitCode, Is.Not.Zero);
        Assert.That(run.Error, Does.Contain("p.yaml(3,35): error MO4061: The accuracy goal can't be measured: there is no data"));
    }

    /// <summary>A picture of 24 bits for each pixel, bottom row first.</summary>
    private static byte[] Bitmap(int side)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("BM"u8);
        foreach (var number in new[] { 54 + 3 * side * side, 0, 54, 40, side, side })
            writer.Write(number);
        writer.Write((short)1);
        writer.Write((short)24);
        writer.Write(new byte[24]);
        writer.Write([.. Enumerable.Range(0, 3 * side * side).Select(i => (byte)(5 * i))]);
        return stream.ToArray();
    }

    private string Small(int bits)
    {
        _folder.Write("small.yaml", $"version: 1\npasses:\n  - quantize-weights: {{ bits: {bits}, format: contrib }}\n");
        var run = Cli.Run("optimize", _model, "-p", _folder["small.yaml"], "-o", _folder["small.onnx"]);
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        return _folder["small.onnx"];
    }
}
