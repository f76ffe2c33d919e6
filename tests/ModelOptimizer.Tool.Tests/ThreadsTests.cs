using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary><c>optimize --threads N</c> bounds the work and changes nothing that is written.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ThreadsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public ThreadsTests()
    {
        _model = Models.Classifier(_folder);
        var random = new Random(3);
        float[] Noise(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.3f)];
        Npz.Write(_folder["calibration.npz"], ("x", Noise(40 * 64), [40, 64]));
        Npz.Write(_folder["validation.npz"], ("x", Noise(24 * 64), [24, 64]));
    }

    public void Dispose() => _folder.Dispose();

    // Each of them shares work out: samples and searches, columns and channels, candidates of mixed precision, chunks of halves.
    [TestCase("quantize-static: { calibrator: entropy, prefer: size, accuracy: { metric: sqnr, min: 45 } }")]
    [TestCase("smooth-quant", "quantize-static: { calibrator: mse, prefer: size }", "round-adaptively")]
    [TestCase("quantize-weights: { bits: 4, accuracy: { metric: sqnr, min: 28 } }")]
    [TestCase("convert-float16")]
    public void The_bytes_are_the_same_on_any_number_of_threads(params string[] passes) => RequireSameBytes(_model, passes);

    /// <summary>Parts to keep in float32 are measured side by side.</summary>
    [Test]
    public void Parts_that_float16_harms_are_the_same_ones_on_any_number_of_threads()
    {
        RequireSameBytes(Models.Shifted(_folder, "shifted.onnx"), "convert-float16: { form: compute }");

        Assert.That(File.ReadAllText(_folder["out1/shifted.report.json"]), Does.Contain("float16 loses too much here"));
    }

    private void RequireSameBytes(string model, params string[] passes)
    {
        var profile = _folder.Write("p.yaml", $$"""
            version: 1
            calibration: { data: calibration.npz }
            passes: [{{string.Join(", ", passes.Select(pass => pass.Contains(':', StringComparison.Ordinal) ? $"{{ {pass} }}" : pass))}}]
            evaluate: { data: validation.npz }
            """);

        var written = new[] { 1, 2, 3, 8 }.Select(threads => Written(model, profile, threads)).ToList();

        Assert.That(written[0], Is.Not.Empty);
        Assert.That(written.Skip(1), Has.All.EqualTo(written[0]));
    }

    [TestCase("0")]
    [TestCase("two")]
    public void What_is_no_number_of_threads_is_a_usage_error(string threads)
    {
        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "--threads", threads);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain($"--threads is a number from 1 on, not '{threads}'"));
    }

    /// <summary>Model, ranges and report.</summary>
    private string Written(string model, string profile, int threads)
    {
        var folder = _folder[$"out{threads}"];
        var run = Cli.Run("optimize", model, "-p", profile, "-o", folder, "--threads", $"{threads}");
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        return string.Join('\n', Directory.GetFiles(folder).Order(StringComparer.Ordinal)
            .Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(File.ReadAllBytes(file))}"));
    }
}
