using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>By hand, too, work need not be done twice; whoever wants that says so.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public CacheTests() => _model = Models.Classifier(_folder);

    private string Cache => _folder["cache"];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_second_run_says_that_its_result_is_from_the_cache()
    {
        var (first, second) = (Optimize("a"), Optimize("b"));

        Assert.Multiple(() =>
        {
            Assert.That((first.ExitCode, second.ExitCode), Is.EqualTo((0, 0)), second.Error);
            Assert.That(first.Error, Does.Not.Contain("from the cache"));
            Assert.That(second.Error.TrimEnd(), Does.EndWith(", from the cache"));
            Assert.That(second.Error, Does.Contain("MO5001"), "what a run tells, a cached one tells");
            Assert.That(second.Out, Is.EqualTo(first.Out));
            Assert.That(File.ReadAllBytes(_folder["b/model.onnx"]), Is.EqualTo(File.ReadAllBytes(_folder["a/model.onnx"])));
        });
    }

    [Test]
    public void Programs_and_builds_are_told_too()
    {
        Optimize("a");

        Assert.That(Optimize("b", "--json").Json.GetProperty("fromCache").GetBoolean());
        Assert.That(Optimize("c", "--events").Events[^1].GetProperty("message").GetString(), Does.EndWith(", from the cache"));
    }

    [Test]
    public void By_default_nothing_is_kept()
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["a"], "--no-cache");
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["a"]);

        Assert.That(Cache, Does.Not.Exist);
    }

    [Test]
    public void The_cache_can_be_looked_at_trimmed_and_cleared()
    {
        Optimize("a");

        Assert.Multiple(() =>
        {
            Assert.That(Manage("info").Out, Does.Match($@"^{Cache}: 1 result, [\d.]+ KiB\n$"));
            Assert.That(Manage("trim").Out, Does.Match($@"^{Cache}: 1 result, [\d.]+ KiB left\n$"));
            Assert.That(Manage("trim", "--cache-size", "1kB").Out, Is.EqualTo($"{Cache}: 0 results, 0 B left\n"));
        });
        Optimize("a");
        var info = Manage("info", "--json").Json;
        Assert.That((info.GetProperty("folder").GetString(), info.GetProperty("entries").GetInt32()), Is.EqualTo((Cache, 1)));
        Assert.That(Manage("clear").Out, Is.EqualTo($"{Cache}: 0 results, 0 B left\n"));
    }

    [Test]
    public void A_cache_that_may_take_little_keeps_the_latest_results_only()
    {
        Optimize("a");
        var room = Manage("info", "--json").Json.GetProperty("bytes").GetInt64() * 3 / 2;
        foreach (var name in new[] { "b", "c" })
            Optimize($"a/{name}.onnx", "--cache-size", $"{room}");

        Assert.That(Manage("info", "--json").Json.GetProperty("entries").GetInt32(), Is.EqualTo(1));
        Assert.That(Optimize("a/c.onnx").Error.TrimEnd(), Does.EndWith(", from the cache"), "the last one is there");
    }

    /// <summary>No model is a thousand times faster: the limit is broken each time it is measured.</summary>
    [Test]
    public void Why_a_result_is_not_taken_from_the_cache_is_told()
    {
        Npz.Write(_folder["data.npz"], ("x", new float[3 * 64], [3, 64]));
        var profile = _folder.Write("slow.yaml",
            "version: 1\npasses: [simplify]\nevaluate: { data: data.npz }\nbudget: { latency-ratio: { max: 0.001, severity: warning } }\n");
        string[] optimize = ["optimize", _model, "-p", profile, "-o", _folder["a"], "--cache-folder", Cache];
        Cli.Run(optimize);

        var (text, events) = (Cli.Run(optimize), Cli.Run([.. optimize, "--events"]));

        Assert.That(text.Error, Does.Contain("The cached result broke the budget of latency-ratio").And.Not.Contain("from the cache"));
        Assert.That(events.Events.Select(one => one.GetProperty("kind").GetString()), Does.Contain("notice"));
    }

    /// <summary>A project's own folders may have the names of ours.</summary>
    [Test]
    public void A_project_s_folder_is_not_cleared()
    {
        var run = Cli.Run("cache", "clear", "--cache-folder", _folder[""]);

        Assert.That(run.ExitCode, Is.EqualTo(7));
        Assert.That(run.Error, Does.Contain("error MO7011").And.Contain("nothing was deleted"));
        Assert.That(_model, Does.Exist);
    }

    [Test]
    public void Beside_other_files_the_cache_is_a_folder_of_its_own()
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["a"], "--cache-folder", _folder[""]);

        Assert.That(Cli.Run("cache", "info", "--cache-folder", _folder[""]).Out, Does.StartWith($"{Path.Combine(_folder[""], "model-optimizer-cache")}: 1 result"));
    }

    [Test, NonParallelizable]
    public void A_wrong_address_in_the_environment_fails_nothing()
    {
        Environment.SetEnvironmentVariable("MODELOPT_CACHE_URL", "cache.example.com");
        try
        {
            var run = Optimize("a");

            Assert.That(run.ExitCode, Is.Zero);
            Assert.That(run.Error, Does.Contain("warning MO7012").And.Contain("MODELOPT_CACHE_URL is no URL"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("MODELOPT_CACHE_URL", null);
        }
    }

    [TestCase("--cache and --no-cache exclude each other", "--cache", "--no-cache")]
    [TestCase("--cache-folder and --no-cache exclude each other", "--cache-folder", "x", "--no-cache")]
    [TestCase("What comes of --profile-ops is not cached; leave --cache out", "--cache", "--profile-ops")]
    [TestCase("The cache's address is no URL that begins with https:// or http://", "--cache-url", "ftp://host/")]
    [TestCase("--bisect writes nothing; leave --cache out", "--cache", "--bisect")]
    [TestCase("--cache-size is a size such as 2GiB or 500MB, not 'much'", "--cache-size", "much")]
    public void What_makes_no_sense_is_a_usage_error(string message, params string[] options)
    {
        var run = Cli.Run(["optimize", _model, "--preset", "weights-int8", .. options]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(message));
    }

    private Cli Optimize(string output, params string[] options) =>
        Cli.Run(["optimize", _model, "--preset", "weights-int8", "-o", _folder[output], "--cache-folder", Cache, .. options]);

    private Cli Manage(string what, params string[] options) => Cli.Run(["cache", what, "--cache-folder", Cache, .. options]);
}
