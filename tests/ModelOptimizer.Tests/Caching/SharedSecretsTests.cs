using System.Text;
using ModelOptimizer.Caching;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Who may read a cache is a secret: the server gets it, nobody else, and no message.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedSecretsTests : IDisposable
{
    private const string Secret = "hunter2";

    private readonly StrictServer _server = new();
    private readonly CachedFolder _folder = new();
    private readonly List<(int Port, string? User, string? Token)> _seen = [];

    public SharedSecretsTests() => _folder.Shared =
        SharedCacheSettings.Parse($"http://me:{Secret}%21@127.0.0.1:{_server.Port}/", $"X-Token: {Secret}") with { Push = true };

    public void Dispose()
    {
        _folder.Dispose();
        _server.Dispose();
    }

    [Test]
    public void The_server_gets_user_and_header()
    {
        Watch(_server, status: null);
        _folder.Run();

        Assert.That(_seen, Is.All.EqualTo((_server.Port, $"me:{Secret}!", Secret)));
        Assert.That(_server.Violations, Is.Empty);
    }

    [Test]
    public void Where_the_server_sends_us_on_gets_neither()
    {
        using var storage = new StrictServer();
        Watch(storage, status: null);
        Watch(_server, status: 307, storage);

        _folder.Run();

        Assert.That(storage.Contents, Is.Not.Empty, "files go there, too");
        Assert.That(storage.Violations, Is.Empty);
        Assert.That(_seen.Where(one => one.Port == storage.Port), Is.All.EqualTo((storage.Port, (string?)null, (string?)null)));
        Assert.That(_folder.Trouble.Diagnostics, Is.Empty);
    }

    [Test]
    public void A_server_that_sends_on_for_ever_is_trouble()
    {
        Watch(_server, status: 308, _server);
        _folder.Run();

        Assert.That(_folder.Trouble.Diagnostics.Select(d => d.Code), Is.EqualTo(new[] { "MO7012" }));
        Assert.That(_seen, Has.Count.LessThan(10));
    }

    [Test]
    public void No_message_tells_them()
    {
        Watch(_server, status: 401);
        _folder.Run();

        Assert.That(_folder.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7012").And.Not.Contain(Secret).And.Not.Contain("me:"));
    }

    [TestCase("ftp://me:hunter2@host/")]
    [TestCase("file:///hunter2")]
    [TestCase("hunter2")]
    [TestCase("http://")]
    [TestCase("https://host/cache?token=hunter2")]
    [TestCase("https://host/cache", "hunter2")]
    [TestCase("https://me:hunter2@host/cache", "authorization: Bearer hunter2")]
    [TestCase("https://host/cache", "A: hunter2\r\nB: c")]
    [TestCase("https://host/cache", "spaces in a name: hunter2")]
    public void What_is_no_address_or_header_is_refused_without_repeating_it(string url, string? header = null) =>
        Assert.That(() => SharedCacheSettings.Parse(url, header), Throws.ArgumentException.With.Message.Not.Contains(Secret));

    [TestCase("https://host/cache")]
    [TestCase("https://host/cache/")]
    [TestCase("https://user@host/cache")]
    public void An_address_is_a_folder(string url) =>
        Assert.That(SharedCacheSettings.Parse(url, header: null).Address.AbsoluteUri, Is.EqualTo("https://host/cache/"));

    /// <param name="status">What it answers with; null leaves that to the server.</param>
    /// <param name="next">Where it sends requests.</param>
    private void Watch(StrictServer server, int? status, StrictServer? next = null) => server.Instead = context =>
    {
        var basic = context.Request.Headers["Authorization"]?["Basic ".Length..];
        _seen.Add((server.Port, basic is null ? null : Encoding.UTF8.GetString(Convert.FromBase64String(basic)), context.Request.Headers["X-Token"]));
        if (status is not { } code)
            return false;
        context.Request.InputStream.CopyTo(Stream.Null);
        context.Response.StatusCode = code;
        if (next is not null)
            context.Response.RedirectLocation = $"http://127.0.0.1:{next.Port}{context.Request.Url!.AbsolutePath}";
        context.Response.Close();
        return true;
    };
}
