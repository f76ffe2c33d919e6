using System.Net;
using ModelOptimizer.Caching;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Whatever becomes of the server, the work is done here, and the trouble told once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BadServerTests : SharedCacheFixture
{
    /// <summary>Ten seconds of a byte now and then.</summary>
    private const int Many = 500;

    [TestCase(401)]
    [TestCase(403)]
    [TestCase(500)]
    [TestCase(503)]
    public void A_server_in_trouble_is_told_once_and_asked_nothing_more(int status)
    {
        _server.Instead = context => Status(context, status);
        _pusher.Run();

        Assert.That(_server.Requests, Is.EqualTo(new[] { "GET ac" }));
        Assert.That(_pusher.Trouble.Diagnostics.Single().ToString(), Does.StartWith($"{_server.Url}/ : warning MO7012").And.Contain($"{status} "));
        Assert.That(_pusher.Run().Result.Source, Is.EqualTo(ResultSource.Cache));
    }

    [Test]
    public void A_server_that_is_not_there_is_told()
    {
        _pusher.Shared = SharedCacheSettings.Parse($"http://127.0.0.1:{StrictServer.FreePort()}/", header: null) with { Push = true };

        Assert.That(_pusher.Run().Result.Accepted);
        Assert.That(Told(_pusher), Is.EqualTo(new[] { "MO7012" }));
    }

    [TestCase("", 0, Description = "it accepts and says nothing")]
    [TestCase("/cas/", 10, Description = "it stops in the middle of a file")]
    [TestCase("/cas/", Many, Description = "it sends a byte now and then")]
    public void A_server_that_is_too_slow_is_told_after_a_while(string path, int bytes)
    {
        _pusher.Run();
        using var end = new ManualResetEvent(false);
        _server.Instead = context => context.Request.Url!.AbsolutePath.Contains(path, StringComparison.Ordinal) && Drip(context, bytes, end);
        _puller.Patience = TimeSpan.FromMilliseconds(300);

        var (made, _) = _puller.Run();
        end.Set();

        Assert.That(made.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(Told(_puller), Is.EqualTo(new[] { "MO7012" }));
    }

    [Test]
    public void Why_there_is_no_safe_connection_is_told()
    {
        _puller.Shared = SharedCacheSettings.Parse(_server.Url.Replace("http:", "https:", StringComparison.Ordinal), header: null);
        _puller.Run();

        Assert.That(_puller.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7012").And.Not.Contain("inner exception"));
    }

    [TestCase(403)]
    [TestCase(405)]
    [TestCase(413)]
    public void A_server_that_takes_nothing_is_told_once(int status)
    {
        _server.Instead = context => Status(context, context.Request.HttpMethod == "PUT" ? status : null);
        var (made, _) = _pusher.Run();

        Assert.That(made.Accepted);
        Assert.That(_server.Requests.Count(request => request.StartsWith("PUT", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(_pusher.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7014").And.Contain($"{status} "));
    }

    /// <summary>Sends so many bytes, one by one, and then nothing more; after many it ends the answer, so that nobody waits for ever.</summary>
    private static bool Drip(HttpListenerContext context, int bytes, ManualResetEvent end)
    {
        try
        {
            for (var sent = 0; sent < bytes && !end.WaitOne(20); sent++)
            {
                context.Response.OutputStream.WriteByte(0);
                context.Response.OutputStream.Flush();
            }
        }
        catch (Exception e) when (e is IOException or HttpListenerException)
        {
            // The other side has gone.
        }
        if (bytes < Many)
            end.WaitOne();
        End(context);
        return true;
    }

    private static void End(HttpListenerContext context)
    {
        try
        {
            context.Response.Close();
        }
        catch (Exception e) when (e is IOException or HttpListenerException)
        {
            context.Response.Abort();
        }
    }
}
