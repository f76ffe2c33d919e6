using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Caching;

/// <summary>A result out of the cache is told from a new one by nothing but the time it took.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CachedOptimizerTests : IDisposable
{
    private readonly CachedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_second_checkout_gets_the_same_files_and_hears_the_same_without_work()
    {
        using var second = new CachedFolder(sharing: _folder);

        var (made, told) = _folder.Run();
        var (found, toldAgain) = second.Run();

        Assert.Multiple(() =>
        {
            Assert.That((made.IsFromCache, found.IsFromCache), Is.EqualTo((false, true)));
            Assert.That((_folder.Runs, second.Runs), Is.EqualTo((1, 0)));
            Assert.That(_folder.Written().Keys, Is.EquivalentTo(["model.onnx", "model.report.json", "model.report.html", "model.ranges.json"]));
            Assert.That(second.Written(), Is.EqualTo(_folder.Written()));
            Assert.That(toldAgain.Select(one => one.ToString().Replace(second[""], _folder[""])), Is.EqualTo(told.Select(one => one.ToString())));
            Assert.That(found.IgnoredArrays, Is.EqualTo(made.IgnoredArrays).And.Not.Empty);
            Assert.That(second.Trouble.Diagnostics, Is.Empty);
        });
    }

    /// <summary>What is told: a calibration that nothing learns from (its line), and an accuracy that nobody measured.</summary>
    [Test]
    public void Diagnostics_move_along_with_what_the_profile_says()
    {
        _folder.Profile("version: 1\ncalibration: { data: data.npz }\npasses: [quantize-weights]\n");
        var (_, first) = _folder.Run();
        _folder.Profile("# three\n# more\n# lines\nversion: 1\npasses: [quantize-weights]\ncalibration: { data: data.npz }\n");

        var (result, second) = _folder.Run();

        Assert.That(result.IsFromCache);
        Assert.That(first.Select(d => (d.Code, d.Location?.Line)), Does.Contain(("MO4003", (int?)2)));
        Assert.That(second.Select(d => (d.Code, d.Location?.Line)), Does.Contain(("MO4003", (int?)6)));
        Assert.That(result.Report.Diagnostics.Select(d => (d.Code, d.Line)), Does.Contain(("MO4003", 6)));
        Assert.That(result.Report.Profile, Is.EqualTo(FileDigest.Of([_folder["model-opt.yaml"]])));
    }

    [Test]
    public void The_budget_of_the_day_judges_what_was_measured_before()
    {
        _folder.Run();
        var profile = File.ReadAllText(_folder["model-opt.yaml"]);
        _folder.Profile(profile.Replace("95%", "1%"));

        var (rejected, told) = _folder.Run();
        _folder.Profile(profile);
        var (accepted, _) = _folder.Run();

        Assert.Multiple(() =>
        {
            Assert.That((rejected.IsFromCache, rejected.Accepted), Is.EqualTo((true, false)));
            Assert.That(rejected.ModelPath, Is.EqualTo(_folder["out/rejected/model.onnx"]));
            Assert.That(told.Single(d => d.Severity == Severity.Error).Location, Is.EqualTo(new SourceLocation(_folder["model-opt.yaml"], 5, 11)));
            Assert.That((accepted.IsFromCache, accepted.Accepted), Is.EqualTo((true, true)));
            Assert.That(_folder["out/rejected"], Does.Not.Exist);
            Assert.That(_folder.Runs, Is.EqualTo(1));
        });
    }

    [Test]
    public void A_result_that_broke_its_budget_need_not_be_made_again_for_a_wider_one()
    {
        var profile = File.ReadAllText(_folder["model-opt.yaml"]);
        _folder.Profile(profile.Replace("95%", "1%"));
        var (rejected, _) = _folder.Run();
        _folder.Profile(profile);

        var (accepted, _) = _folder.Run();

        Assert.That((rejected.Accepted, accepted.Accepted, accepted.IsFromCache), Is.EqualTo((false, true, true)));
        Assert.That(accepted.ModelPath, Is.EqualTo(_folder["out/model.onnx"]).And.Exist);
    }

    [Test]
    public void An_accuracy_goal_out_of_reach_is_tried_and_told_every_time()
    {
        _folder.Profile("""
            version: 1
            passes: [quantize-weights: { accuracy: { metric: top-1, min: 100% } }]
            evaluate: { data: labelled.npz, labels: labels }
            """);

        _folder.Run();
        var (again, told) = _folder.Run();

        Assert.That((again.IsFromCache, again.Accepted), Is.EqualTo((false, false)));
        Assert.That(told.Select(d => d.Code), Does.Contain("MO4060"));
    }

    [Test]
    public void What_a_clock_measured_says_that_it_was_another_run()
    {
        _folder.Profile("version: 1\npasses: [simplify]\nevaluate: { data: data.npz }\nbudget: { latency-ratio: 1000 }\n");
        var (first, _) = _folder.Run();

        var (second, _) = _folder.Run();

        var (then, now) = (Latency(first), Latency(second));
        Assert.That(now.Result, Is.EqualTo(then.Result));
        Assert.That(then.Remark, Does.Not.Contain("cached"));
        Assert.That(now.Remark, Does.StartWith(then.Remark!).And.EndsWith("timed when it was cached"));

        static MetricReport Latency(OptimizationResult result) => result.Report.Metrics.Single(metric => metric.Metric == "latency-ratio");
    }

    [Test]
    public void A_file_that_changes_while_the_run_reads_it_makes_no_entry()
    {
        var (result, _) = _folder.Run(step: step =>
        {
            if (step == "evaluate")
                File.SetLastWriteTimeUtc(_folder["data.npz"], DateTime.UtcNow.AddMinutes(1));
        });

        Assert.That(result.IsFromCache, Is.False);
        Assert.That(Path.Combine(_folder.Cache, "ac"), Does.Not.Exist);
    }

    [Test]
    public void Data_that_comes_while_the_run_works_makes_no_entry()
    {
        _folder.Profile("version: 1\npasses: [simplify]\nevaluate: { data: 'd*.npz' }\n");
        _folder.Run(step: step =>
        {
            if (step == "write")
                File.Copy(_folder["data.npz"], _folder["data2.npz"]);
        });

        Assert.That(Path.Combine(_folder.Cache, "ac"), Does.Not.Exist);
    }

    [Test]
    public void Data_that_comes_while_another_run_is_waited_for_counts()
    {
        _folder.Profile("version: 1\npasses: [simplify]\nevaluate: { data: 'd*.npz' }\n");
        using var other = Hold(Key());
        _folder.OnNotice = () =>
        {
            File.Copy(_folder["data.npz"], _folder["data2.npz"]);
            other.Dispose();
        };

        _folder.Run();

        Assert.That(_folder.Kept("ac").Select(Path.GetFileName), Is.EqualTo(new[] { Key() }));
        Assert.That(_folder.Notices.Single(), Is.EqualTo("Another run makes the same result: waiting for it"));
    }

    [Test]
    public void Nobody_waits_for_ever()
    {
        using var other = Hold(Key());
        _folder.LongestWait = TimeSpan.Zero;

        var (result, _) = _folder.Run();

        Assert.That((result.Accepted, _folder.Runs), Is.EqualTo((true, 1)));
        Assert.That(_folder.Notices[^1], Does.StartWith("The other run took more than").And.EndsWith("the work is done here, too"));
        Assert.That(_folder.Trouble.Diagnostics, Is.Empty);
    }

    [Test]
    public void A_time_that_broke_its_budget_is_taken_again()
    {
        _folder.Profile("version: 1\npasses: [simplify]\nevaluate: { data: data.npz }\nbudget: { latency-ratio: { max: 10000, severity: error } }\n");
        _folder.Run();
        _folder.Rewrite(run => run["report"]!["metrics"]!.AsArray().Single(one => (string?)one!["metric"] == "latency-ratio")!["result"] = 20000);

        var (again, told) = _folder.Run();
        var (after, _) = _folder.Run();

        Assert.That((again.IsFromCache, again.Accepted, after.IsFromCache), Is.EqualTo((false, true, true)));
        Assert.That(told.Select(d => d.Severity), Does.Not.Contain(Severity.Error));
        Assert.That(_folder.Notices.Single(), Does.StartWith("The cached result broke the budget of latency-ratio when it was timed"));
        Assert.That(_folder.Trouble.Diagnostics, Is.Empty);
    }

    [Test]
    public void Eight_at_once_do_the_work_once()
    {
        var results = new OptimizationResult[8];
        var threads = results.Select((_, i) => new Thread(() => results[i] = _folder.Run($"out{i}/model.onnx").Result)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.That(_folder.Runs, Is.EqualTo(1));
        Assert.That(results.Count(result => result.IsFromCache), Is.EqualTo(7));
        Assert.That(Enumerable.Range(1, 7).Select(i => _folder.Written($"out{i}")), Is.All.EqualTo(_folder.Written("out0")));
    }

    [Test]
    public void Runs_that_someone_asks_to_time_or_cut_short_are_not_cached()
    {
        var request = _folder.Request();

        Assert.That(RunIdentity.Of(request, PassContexts.Engine), Is.Not.Null);
        Assert.That(RunIdentity.Of(request with { MaxRewrites = 3 }, PassContexts.Engine), Is.Null);
        Assert.That(RunIdentity.Of(request with { ProfileOperators = true }, PassContexts.Engine), Is.Null);
    }

    [Test]
    public void The_original_is_never_overwritten_by_a_result_from_elsewhere()
    {
        using var second = new CachedFolder(sharing: _folder);
        _folder.Run("out/model.onnx");

        Assert.That(() => second.Run("model.onnx"), Throws.TypeOf<DiagnosticException>());
    }

    private IDisposable Hold(string key)
    {
        var store = new LocalStore(_folder.Cache);
        store.TryPrepare();
        return CacheLock.TryTake(store.LockPath(key))!;
    }

    private string Key() => RunIdentity.Of(_folder.Request(), PassContexts.Engine)!.Key;
}
