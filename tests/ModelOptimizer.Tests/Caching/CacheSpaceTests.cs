using ModelOptimizer.Caching;
using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Caching;

/// <summary>What goes first when room is needed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CacheSpaceTests : IDisposable
{
    private const int Size = 1000;

    private readonly DataFolder _folder = new();
    private readonly LocalStore _store;

    public CacheSpaceTests()
    {
        _store = new LocalStore(_folder["cache"]);
        _store.TryPrepare();
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void What_was_used_longest_ago_goes_first()
    {
        Put("a", ago: 4, 1);
        Put("b", ago: 3, 2);
        Put("c", ago: 2, 3);
        _store.Find(Key("a"));

        new CacheSpace(_store).Trim(Size * 5 / 2);

        Assert.That(Left(), Is.EqualTo(new[] { "a", "c" }));
        Assert.That(new CacheSpace(_store).Usage(), Has.Property("Entries").EqualTo(2).And.Property("Bytes").LessThanOrEqualTo(Size * 5 / 2));
    }

    [Test]
    public void A_file_that_two_results_share_stays_until_both_are_gone()
    {
        Put("a", ago: 4, 1, 7);
        Put("b", ago: 3, 2, 7);

        new CacheSpace(_store).Trim(Size * 5 / 2);

        Assert.That(Left(), Is.EqualTo(new[] { "b" }));
        Assert.That(_store.Find(Key("b"))!.OutputFiles.All(file => _store.Has(file.Digest)));
        new CacheSpace(_store).Trim(0);
        Assert.That(new CacheSpace(_store).Usage(), Is.EqualTo(new CacheUsage(0, 0)));
    }

    [Test]
    public void Nothing_goes_while_there_is_room()
    {
        Put("a", ago: 4000, 1);
        var usage = new CacheSpace(_store).Usage();

        new CacheSpace(_store).Trim(usage.Bytes);

        Assert.That(new CacheSpace(_store).Usage(), Is.EqualTo(usage));
    }

    [TestCase(2, true)]
    [TestCase(0, false, Description = "another process may be about to list it")]
    public void What_a_killed_process_left_behind_goes_after_a_while(int hours, bool goes)
    {
        var digest = Add(0).Digest;
        File.SetLastWriteTimeUtc(_store.BlobPath(digest), DateTime.UtcNow.AddHours(-hours));
        string[] others = [Path.Combine(_store.Temporary, $"{Guid.NewGuid():N}.tmp"), _store.LockPath(Key("a"))];
        foreach (var file in others)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, "");
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-hours));
        }

        new CacheSpace(_store).Trim(1 << 20);

        Assert.That(_store.Has(digest), Is.EqualTo(!goes));
        Assert.That(others.Select(File.Exists), Is.All.EqualTo(!goes));
    }

    [Test]
    public void A_lock_that_somebody_holds_stays_however_old_it_is()
    {
        using var held = CacheLock.TryTake(_store.LockPath(Key("a")));
        File.SetLastWriteTimeUtc(_store.LockPath(Key("a")), DateTime.UtcNow.AddDays(-3));

        new CacheSpace(_store).Trim(1 << 20);

        Assert.That(_store.LockPath(Key("a")), Does.Exist);
    }

    [Test]
    public void Two_processes_do_not_trim_at_once()
    {
        Put("a", ago: 4, 1);
        using (CacheLock.TryTake(_store.LockPath("trim")))
            new CacheSpace(_store).Trim(0);

        Assert.That(Left(), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public void Clearing_leaves_nothing_but_locks()
    {
        Put("a", ago: 0, 1);

        Assert.That(CacheFolder.Clear(_store.Folder), Is.EqualTo(new CacheUsage(0, 0)));
    }

    [Test]
    public void Files_with_names_of_their_own_are_left_alone()
    {
        Put("a", ago: 0, 1);
        string[] own = ["ac/mine.txt", "cas/own.txt", "cas/0123", "tmp/mine.txt", "tmp/draft.tmp", "locks/mine"];
        foreach (var name in own)
            Old(_folder["cache"], name);

        new CacheSpace(_store).Trim(0);
        CacheFolder.Clear(_store.Folder);

        Assert.That(own.Select(name => Path.Combine(_store.Folder, name)), Is.All.Exist);
    }

    [Test]
    public void A_folder_that_is_no_cache_is_neither_trimmed_nor_cleared()
    {
        var file = Old(_folder["project"], $"cas/{Key("a")}");

        foreach (var work in new Action[] { () => CacheFolder.Clear(_folder["project"]), () => CacheFolder.Trim(_folder["project"], 0) })
            Assert.That(Assert.Throws<DiagnosticException>(() => work())!.Diagnostics.Single().ToString(),
                Does.Contain("error MO7011").And.Contain("no CACHEDIR.TAG; nothing was deleted"));
        Assert.That(file, Does.Exist);
    }

    [Test]
    public void Clearing_where_nothing_is_makes_nothing()
    {
        Assert.That(CacheFolder.Clear(_folder["none"]), Is.EqualTo(new CacheUsage(0, 0)));
        Assert.That(_folder["none"], Does.Not.Exist);
    }

    [Test]
    public void A_cache_that_was_never_used_is_empty() => Assert.That(CacheFolder.Usage(_folder["none"]), Is.EqualTo(new CacheUsage(0, 0)));

    private static string Key(string name) => name.PadRight(64, '0');

    private void Put(string name, int ago, params byte[] contents)
    {
        var entry = new ActionResult();
        foreach (var content in contents)
        {
            entry.OutputFiles.Add(Add(content));
        }
        _store.Put(Key(name), entry);
        File.SetLastWriteTimeUtc(_store.ActionPath(Key(name)), DateTime.UtcNow.AddMinutes(-ago));
    }

    private static string Old(string folder, string name)
    {
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "somebody's");
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-9));
        return file;
    }

    private OutputFile Add(byte content)
    {
        byte[] bytes = [.. Enumerable.Repeat(content, Size)];
        var file = new OutputFile { Path = $"{content}", Digest = Blob.Copy(new MemoryStream(bytes), Stream.Null) };
        _store.Add(new MemoryStream(bytes), file);
        return file;
    }

    private IEnumerable<string> Left() => Directory.GetFiles(_store.Actions).Select(file => Path.GetFileName(file)[..1]).Order();
}
