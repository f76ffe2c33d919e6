using Google.Protobuf;
using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Caching;

/// <summary>What one machine made another takes from a server; whatever the server does, the result is right.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedCacheTests : SharedCacheFixture
{
    [Test]
    public void What_one_machine_pushed_another_takes_as_if_it_had_made_it()
    {
        _pusher.Run();
        var (found, _) = _puller.Run();

        Assert.Multiple(() =>
        {
            Assert.That(found.Source, Is.EqualTo(ResultSource.SharedCache));
            Assert.That(_puller.Runs, Is.Zero);
            Assert.That(_puller.Written(), Is.EqualTo(_pusher.Written()));
            Assert.That(_server.Violations, Is.Empty);
            Assert.That(Told(_pusher).Concat(Told(_puller)), Is.Empty);
        });
        _server.Requests.Clear();
        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Cache), "now it is here, too");
        Assert.That(_server.Requests, Is.Empty);
    }

    [Test]
    public void Files_go_up_before_the_list_of_them_and_only_once()
    {
        _pusher.Run();

        string[] file = ["HEAD cas", "PUT cas"];
        Assert.That(_server.Requests, Is.EqualTo(["GET ac", "HEAD ac", .. file, .. file, .. file, "PUT ac"]));
        _server.Requests.Clear();
        _pusher.Run();
        Assert.That(_server.Requests, Is.EqualTo(new[] { "HEAD ac" }));
    }

    [Test]
    public void Nothing_is_pushed_unless_someone_says_so()
    {
        _puller.Run();

        Assert.That(_server.Requests, Is.EqualTo(new[] { "GET ac" }));
        Assert.That(Told(_puller), Is.Empty, "a server that has nothing is no trouble");
    }

    [Test]
    public void What_is_here_already_is_pushed_when_the_server_lacks_it()
    {
        _puller.Run();
        _puller.Shared = _pusher.Shared;
        var (found, _) = _puller.Run();

        Assert.That(found.Source, Is.EqualTo(ResultSource.Cache));
        Assert.That(_server.Requests[^1], Is.EqualTo("PUT ac"));
        Assert.That(_server.Violations, Is.Empty);
    }

    [Test]
    public void A_file_that_goes_before_it_is_pushed_is_no_trouble()
    {
        _puller.Run();
        _puller.Shared = _pusher.Shared;
        _server.Instead = context =>
        {
            if (context.Request.HttpMethod == "HEAD")
                Array.ForEach(_puller.Kept("cas"), File.Delete);
            return false;
        };

        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Cache));
        Assert.That(Told(_puller), Is.Empty);
    }

    [Test]
    public void A_folder_that_goes_before_its_files_are_pushed_is_no_trouble()
    {
        _puller.Run();
        _puller.Shared = _pusher.Shared;
        var files = Path.GetDirectoryName(_puller.Kept("cas")[0])!;
        _server.Instead = context =>
        {
            if (context.Request.HttpMethod == "HEAD" && Directory.Exists(files))
                Directory.Delete(files, recursive: true);
            return false;
        };

        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Cache));
        Assert.That(Told(_puller), Is.Empty);
        Assert.That(_server.Requests, Has.None.StartsWith("PUT"));
    }

    private static IEnumerable<TestCaseData> Poisons() =>
    [
        Poison("A bit flips in each file", (name, body) => IsFile(name) ? [(byte)(body[0] ^ 1), .. body[1..]] : body),
        Poison("Each file is cut short", (name, body) => IsFile(name) ? body[..^1] : body),
        Poison("Each file goes on and on", (name, body) => IsFile(name) ? [.. body, 0] : body),
        Poison("The list of files is cut short", (name, body) => !IsFile(name) ? body[..^1] : body),
        Poison("The list of files is endless", (name, body) => !IsFile(name) ? new byte[1 << 20] : body),
        Poison("The list of files is a page", (name, body) => !IsFile(name) ? "<html>Log in</html>"u8.ToArray() : body),
    ];

    [TestCaseSource(nameof(Poisons))]
    public void What_does_not_fit_its_digest_is_told_and_never_used(Func<string, byte[], byte[]> poison)
    {
        _pusher.Run();
        _server.Instead = context =>
        {
            var name = context.Request.Url!.AbsolutePath["/team/main/".Length..];
            context.Response.OutputStream.Write(poison(name, _server.Contents[name]));
            context.Response.Close();
            return true;
        };

        var (made, _) = _puller.Run();

        Assert.That(made.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(Told(_puller), Is.EqualTo(new[] { "MO7013" }));
        Assert.That(_puller.Written(), Is.EqualTo(_pusher.Written()));
    }

    [TestCase(1L << 40)]
    [TestCase(long.MaxValue, Description = "the sum is no long")]
    public void What_takes_more_than_the_cache_may_is_not_even_asked_for(long size)
    {
        _pusher.Run();
        foreach (var (name, body) in _server.Contents.Where(one => !IsFile(one.Key)).ToList())
        {
            var entry = LocalStore.Parse(body);
            foreach (var file in entry.OutputFiles)
                file.Digest.SizeBytes = size;
            _server.Contents[name] = entry.ToByteArray();
        }
        _server.Requests.Clear();

        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(_puller.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7013").And.Contain("more than the 2 GiB"));
        Assert.That(_server.Requests, Is.EqualTo(new[] { "GET ac" }));
    }

    [Test]
    public void An_account_that_makes_no_sense_is_the_server_s_to_mend()
    {
        _pusher.Shared = null;
        _pusher.Run();
        _pusher.Rewrite(run => run["report"]!["passes"]!.AsArray().Add(null));
        foreach (var kind in new[] { "ac", "cas" })
            foreach (var file in _pusher.Kept(kind))
                _server.Contents[$"{kind}/{Path.GetFileName(file)}"] = File.ReadAllBytes(file);

        var (made, _) = _puller.Run();

        Assert.That(made.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(Told(_puller), Is.EqualTo(new[] { "MO7013" }));
        Assert.That(_puller.Written(), Is.EqualTo(_pusher.Written()));
        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Cache), "what was made here is kept");
    }

    [Test]
    public void A_file_that_the_server_lost_is_a_miss()
    {
        _pusher.Run();
        _server.Instead = context => Status(context, context.Request.Url!.AbsolutePath.Contains("/cas/", StringComparison.Ordinal) ? 404 : null);

        Assert.That(_puller.Run().Result.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(Told(_puller), Is.Empty);
    }

    private static bool IsFile(string name) => name.StartsWith("cas/", StringComparison.Ordinal);

    private static TestCaseData Poison(string name, Func<string, byte[], byte[]> poison) => new TestCaseData(poison).SetArgDisplayNames(name);
}
