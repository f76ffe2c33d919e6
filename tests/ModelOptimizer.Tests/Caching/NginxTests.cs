using ModelOptimizer.Caching;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Caching;

/// <summary>The protocol against a server that nobody wrote for these tests.</summary>
internal sealed class NginxTests
{
    [Test]
    public void Results_go_through_a_plain_nginx()
    {
        using var server = new NginxServer();
        using var pusher = new CachedFolder { Shared = SharedCacheSettings.Parse(server.UrlOfUser, header: null) with { Push = true } };
        using var puller = new CachedFolder { Shared = SharedCacheSettings.Parse(server.Url, header: null) };

        pusher.Run();
        var (found, _) = puller.Run();

        Assert.Multiple(() =>
        {
            Assert.That(found.Source, Is.EqualTo(ResultSource.SharedCache));
            Assert.That(puller.Runs, Is.Zero);
            Assert.That(puller.Written(), Is.EqualTo(pusher.Written()));
            Assert.That(server.Files, Is.EquivalentTo(
                new[] { "ac", "cas" }.SelectMany(pusher.Kept).Select(file => Path.GetRelativePath(pusher.Cache, file))));
            Assert.That(pusher.Trouble.Diagnostics.Concat(puller.Trouble.Diagnostics), Is.Empty);
        });
    }

    [Test]
    public void Who_may_only_read_is_told_when_pushing()
    {
        using var server = new NginxServer();
        using var folder = new CachedFolder { Shared = SharedCacheSettings.Parse(server.Url, header: null) with { Push = true } };

        Assert.That(folder.Run().Result.Accepted);
        Assert.That(folder.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7014").And.Contain("401"));
    }

    [Test]
    public void An_address_that_the_server_does_not_serve_is_told()
    {
        using var server = new NginxServer();
        using var folder = new CachedFolder { Shared = SharedCacheSettings.Parse(server.Url + "/elsewhere", header: null) };

        Assert.That(folder.Run().Result.Accepted);
        Assert.That(folder.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7012").And.Contain("405"));
    }

    [Test]
    public void A_file_that_was_damaged_on_the_server_is_told_and_not_used()
    {
        using var server = new NginxServer();
        using var pusher = new CachedFolder { Shared = SharedCacheSettings.Parse(server.UrlOfUser, header: null) with { Push = true } };
        using var puller = new CachedFolder { Shared = SharedCacheSettings.Parse(server.Url, header: null) };
        pusher.Run();
        foreach (var file in server.Files.Where(file => file.StartsWith("cas", StringComparison.Ordinal)).ToList())
            File.AppendAllText(Path.Combine(server.Root, file), "!");

        Assert.That(puller.Run().Result.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(puller.Trouble.Diagnostics.Select(d => d.Code), Is.EqualTo(new[] { "MO7013" }));
        Assert.That(puller.Written(), Is.EqualTo(pusher.Written()));
    }
}
