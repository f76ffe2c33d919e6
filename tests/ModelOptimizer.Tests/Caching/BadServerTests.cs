using System.Net;
using ModelOptimizer.Caching;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Whatever becomes of the server, the work is done here, and the trouble told once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BadServerTests : SharedCacheFixture
{
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

    [TestCase("", Description = "it accepts and says nothing")]
    [TestCase("/cas/", Description = "it stops in the middle of a file")]
    public void A_server_that_hangs_is_told_after_a_while(string path)
    {
        _pusher.Run();
        using var end = new ManualResetEvent(false);
        _server.Instead = context =>
        {
            if (!context.Request.Url!.AbsolutePath.Contains(path, StringComparison.Ordinal))
                return false;
            if (path.Length > 0)
            {
                context.Response.ContentLength64 = 1000;
                context.Response.OutputStream.Write(new byte[10]);
                context.Response.OutputStream.Flush();
            }
            end.WaitOne();
            context.Response.Abort();
            return true;
        };
        _puller.Patience = TimeSpan.FromMilliseconds(300);

        var (made, _) = _puller.Run();
        end.Set();

        Assert.That(made.Source, Is.EqualTo(ResultSource.Made));
        Assert.That(Told(_puller), Is.EqualTo(new[] { "MO7012" }));
    }

    [Test]
    public void A_server_that_sends_a_byte_now_and_then_is_told_after_a_while()
    {
        _pusher.Run();
        using var end = new ManualResetEvent(false);
        _server.Instead = context => context.Request.Url!.AbsolutePath.Contains("/cas/", StringComparison.Ordinal) && Drip(context, end);
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

    private static bool Drip(HttpListenerContext context, ManualResetEvent end)
    {
        try
        {
            while (!end.WaitOne(20))
            {
                context.Response.OutputStream.WriteByte(0);
                context.Response.OutputStream.Flush();
            }
        }
        catch (Exception e) when (e is IOException or HttpListenerException)
        {
            // The other side has gone.
        }
        context.Response.Abort();
        return true;
    }
}
