using ModelOptimizer.Caching;

namespace ModelOptimizer.Tests.Caching;

/// <summary>A cache has a folder of its own, which says so; what others keep is neither touched nor hidden from backups.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CacheMarkerTests : IDisposable
{
    private readonly CachedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_new_folder_is_marked_for_backups_to_pass_by()
    {
        _folder.Run();

        Assert.That(File.ReadAllText(Path.Combine(_folder.Cache, "CACHEDIR.TAG")), Does.StartWith("Signature: 8a477f597d28d172789f06886806bc55\n"));
        Assert.That(CacheFolder.RootIn(_folder.Cache), Is.EqualTo(_folder.Cache));
    }

    [TestCase("cache/tmp/mine.txt", "")]
    [TestCase("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Of another program.\n")]
    public void Beside_others_files_the_cache_has_a_folder_of_its_own(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
        File.SetLastWriteTimeUtc(_folder[name], DateTime.UtcNow.AddDays(-9));

        _folder.Run();
        Assert.That(_folder.Run().Result.IsFromCache);
        CacheFolder.Clear(_folder.Cache);

        Assert.That(File.ReadAllText(_folder[name]), Is.EqualTo(text));
        Assert.That(Directory.GetFileSystemEntries(_folder.Cache).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { name.Split('/')[1], "model-optimizer-cache" }));
        Assert.That(CacheFolder.RootIn(_folder.Cache), Is.EqualTo(Path.Combine(_folder.Cache, "model-optimizer-cache")));
        Assert.That(CacheFolder.Usage(_folder.Cache), Is.EqualTo(new CacheUsage(0, 0)));
    }

    [TestCase("")]
    [TestCase("Signature: 8a477f59")]
    public void A_mark_that_a_process_is_writing_is_one_to_use_and_none_to_delete_by(string text)
    {
        Directory.CreateDirectory(_folder.Cache);
        File.WriteAllText(Path.Combine(_folder.Cache, "CACHEDIR.TAG"), text);

        Assert.That(CacheFolder.RootIn(_folder.Cache), Is.EqualTo(_folder.Cache));
        Assert.That(CacheMarker.IsOn(_folder.Cache), Is.False);
        _folder.Run();
        Assert.That(CacheMarker.IsOn(_folder.Cache), "whoever comes next completes it");
    }
}
