using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Whatever befalls a cache: a warning, and the right result.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DamagedCacheTests : IDisposable
{
    private readonly CachedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<TestCaseData> Damages() =>
    [
        Damage("A bit flips in a file", folder => Rewrite(Largest(folder, "cas"), bytes => bytes[bytes.Length / 2] ^= 1)),
        Damage("A bit flips in every file", folder =>
            Array.ForEach(folder.Kept("cas"), file => Rewrite(file, bytes => bytes[bytes.Length / 2] ^= 1))),
        Damage("A file is cut short", folder => Cut(Largest(folder, "cas"))),
        Damage("The account of the run is another", folder => File.WriteAllText(Largest(folder, "cas", skip: 1), "{}")),
        Damage("The list of files is cut short", folder => Cut(Largest(folder, "ac"))),
        Damage("The list of files is empty", folder => File.WriteAllBytes(Largest(folder, "ac"), [])),
        Damage("The account has a metric that nobody knows", folder => folder.Rewrite(run => run["report"]!["metrics"]![0]!["metric"] = "beauty")),
        Damage("The account has a hole", folder => folder.Rewrite(run => run["report"]!["passes"]!.AsArray().Add(null))),
        Damage("The account has a finding of another product", folder => folder.Rewrite(run => run["findings"]![0]!["code"] = "CS0001")),
        Damage("The account tells of another model", folder => folder.Rewrite(run => run["report"]!["result"]!["files"]![0]!["sha256"] = "00")),
        Damage("The account tells of data that is not there", folder => folder.Rewrite(run =>
        {
            var files = run["report"]!["result"]!["files"]!.AsArray();
            files.Add(files[0]!.DeepClone());
        })),
        Damage("The list of files is nonsense", folder => File.WriteAllText(Largest(folder, "ac"), "<html>404</html>")),
    ];

    [TestCaseSource(nameof(Damages))]
    public void A_damaged_entry_is_told_dropped_and_made_again(Action<CachedFolder> damage)
    {
        _folder.Run();
        var whole = _folder.Written();
        damage(_folder);

        var (again, told) = _folder.Run();
        var (after, _) = _folder.Run();

        Assert.Multiple(() =>
        {
            Assert.That(again.IsFromCache, Is.False);
            Assert.That(_folder.Trouble.Diagnostics.Select(d => (d.Code, d.Severity)), Is.EqualTo(new[] { ("MO7010", Severity.Warning) }));
            Assert.That(told.Select(d => d.Code), Does.Not.Contain("MO7010"), "no report tells of the cache");
            Assert.That(_folder.Written(), Is.EqualTo(whole));
            Assert.That(after.IsFromCache);
        });
    }

    [Test]
    public void A_file_that_went_to_make_room_is_no_damage()
    {
        _folder.Run();
        File.Delete(Largest(_folder, "cas"));

        Assert.That(_folder.Run().Result.IsFromCache, Is.False);
        Assert.That(_folder.Trouble.Diagnostics, Is.Empty);
        Assert.That(_folder.Run().Result.IsFromCache);
    }

    [Test]
    public void A_folder_that_can_not_be_is_told_once_and_done_without()
    {
        File.WriteAllText(_folder.Cache, "a file in its place");

        var (result, _) = _folder.Run();

        Assert.That(result.Accepted);
        Assert.That(_folder.Trouble.Diagnostics.Select(d => d.Code), Is.EqualTo(new[] { "MO7011" }));
    }

    [Test]
    public void A_result_larger_than_the_whole_cache_is_told()
    {
        _folder.Capacity = new ByteSize(1000);

        Assert.That(_folder.Run().Result.Accepted);
        Assert.That(_folder.Trouble.Diagnostics.Single().ToString(),
            Does.Contain("MO7011").And.Contain("more than the 1000 B that the cache may take"));
    }

    [Test]
    public void An_output_that_can_not_be_written_is_an_error_and_no_trouble_with_the_cache()
    {
        _folder.Run();
        File.WriteAllText(_folder["elsewhere"], "a file in the folder's place");

        var mistake = Assert.Throws<DiagnosticException>(() => _folder.Run("elsewhere/model.onnx"))!;

        Assert.That(mistake.Diagnostics.Select(d => d.Code), Is.EqualTo(new[] { "MO7001" }));
        Assert.That(_folder.Trouble.Diagnostics, Is.Empty);
        Assert.That(_folder.Runs, Is.EqualTo(1));
    }

    [Test]
    [Platform("Linux")]
    public void A_full_disk_where_the_output_goes_is_no_trouble_with_the_cache()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        var mistake = Assert.Throws<DiagnosticException>(() => CachedResult.Into(full, "out/model.onnx")(new byte[10]))!;

        Assert.That(mistake.Diagnostics.Single().ToString(), Does.Contain("MO7001").And.Contain("out/model.onnx"));
    }

    [Test]
    public void A_result_is_kept_where_it_just_fits_and_else_told()
    {
        _folder.Run();
        var bytes = CacheFolder.Usage(_folder.Cache).Bytes;
        using CachedFolder fits = new(), tight = new();
        fits.Capacity = new ByteSize(bytes);
        tight.Capacity = new ByteSize(bytes - 1);

        fits.Run();
        tight.Run();

        Assert.That((fits.Kept("ac").Length, fits.Trouble.Diagnostics.Count), Is.EqualTo((1, 0)));
        Assert.That(tight.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7011").And.Contain("more than the"));
        Assert.That(CacheFolder.Usage(tight.Cache), Is.EqualTo(new CacheUsage(0, 0)), "no file is left that nobody lists");
    }

    private static TestCaseData Damage(string name, Action<CachedFolder> damage) => new TestCaseData(damage).SetArgDisplayNames(name);

    private static string Largest(CachedFolder folder, string kind, int skip = 0) =>
        folder.Kept(kind).OrderByDescending(file => new FileInfo(file).Length).ElementAt(skip);

    private static void Cut(string file) => File.WriteAllBytes(file, File.ReadAllBytes(file)[..^9]);

    private static void Rewrite(string file, Action<byte[]> change)
    {
        var bytes = File.ReadAllBytes(file);
        change(bytes);
        File.WriteAllBytes(file, bytes);
    }
}
