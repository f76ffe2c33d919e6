using ModelOptimizer.Caching;
using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Several users and processes share a store.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LocalStoreTests : IDisposable
{
    private static readonly string Key = new('a', 64);

    private readonly DataFolder _folder = new();
    private readonly LocalStore _store;

    public LocalStoreTests() => _store = new LocalStore(_folder["cache"]);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Another_user_s_entry_is_found_though_its_time_can_not_be_set()
    {
        Put(Key, Add("m", 1));
        var other = new LocalStore(_store.Folder) { Touch = _ => throw new UnauthorizedAccessException("not the owner") };

        Assert.That(other.Find(Key)!.OutputFiles, Has.Count.EqualTo(1));
    }

    [Test]
    public void What_goes_between_two_looks_is_a_miss()
    {
        var file = Add("m", 1);
        Put(Key, file);
        File.Delete(_store.BlobPath(file.Digest));

        Assert.That(() => _store.Read(file, _ => { }), Throws.TypeOf<MissingBlobException>());
        Directory.Delete(_store.Folder, recursive: true);
        Assert.That(() => _store.Read(file, _ => { }), Throws.TypeOf<MissingBlobException>());
        Assert.That(_store.Find(Key), Is.Null);
        Assert.That(() => _store.Forget(Key), Throws.Nothing);
    }

    [Test]
    public void Contents_that_are_there_are_not_written_again()
    {
        var file = Add("m", 1);
        File.SetLastWriteTimeUtc(_store.BlobPath(file.Digest), DateTime.UnixEpoch);

        Add("m", 1);

        Assert.That(File.GetLastWriteTimeUtc(_store.BlobPath(file.Digest)), Is.EqualTo(DateTime.UnixEpoch));
    }

    [Test]
    public void Of_contents_that_go_on_and_on_no_more_is_read_than_tells()
    {
        var file = Add("m", 1);
        using (var blob = new FileStream(_store.BlobPath(file.Digest), FileMode.Open))
            blob.SetLength(100_000_000);
        var read = 0L;

        Assert.That(() => _store.Read(file, part => read += part.Length), Throws.TypeOf<PoisonedEntryException>());
        Assert.That(read, Is.LessThan(1_000_000));
    }

    [Test]
    public void Dropping_an_entry_takes_what_is_wrong_and_leaves_what_others_list()
    {
        var (shared, wrong) = (Add("shared", 1), Add("wrong", 2));
        var other = new string('b', 64);
        Put(Key, shared, wrong);
        Put(other, shared);
        File.WriteAllBytes(_store.BlobPath(wrong.Digest), [3]);

        _store.Forget(Key);

        Assert.That(_store.Find(Key), Is.Null);
        Assert.That((_store.Has(wrong.Digest), _store.Has(shared.Digest)), Is.EqualTo((false, true)));
        Assert.That(_store.Find(other), Is.Not.Null);
    }

    private OutputFile Add(string name, byte content)
    {
        var file = new OutputFile { Path = name, Digest = Blob.Copy(new MemoryStream([content]), Stream.Null) };
        _store.Add(new MemoryStream([content]), file);
        return file;
    }

    private void Put(string key, params OutputFile[] files) => _store.Put(key, new ActionResult { OutputFiles = { files } });
}
