using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tests.Caching;

/// <summary>Whose server is asked, and which secrets it gets.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedCacheChoiceTests
{
    private const string Secret = "hunter2", Header = "Authorization: Bearer " + Secret;

    private readonly Dictionary<string, string> _variables = [];
    private readonly DiagnosticBag _told = new();

    [Test]
    public void Without_any_name_there_is_no_server() => Assert.That(Choose(null), Is.Null);

    [TestCase("")]
    [TestCase("none")]
    public void A_project_can_do_without_the_server_of_the_environment(string named)
    {
        Set("https://host/");

        Assert.That(Choose(named), Is.Null);
    }

    [TestCase("ftp://host/hunter2", null, "MODELOPT_CACHE_URL is no URL")]
    [TestCase("hunter2", null, "MODELOPT_CACHE_URL is no URL")]
    [TestCase("https://host/?a=hunter2", null, "MODELOPT_CACHE_URL names a folder")]
    [TestCase("https://host/", "hunter2", "MODELOPT_CACHE_HEADER is no header")]
    [TestCase("https://me:hunter2@host/", Header, "MODELOPT_CACHE_URL has a user, and MODELOPT_CACHE_HEADER an Authorization")]
    public void What_is_wrong_with_the_environment_is_a_warning_that_names_the_variable(string url, string? header, string message)
    {
        Set(url, header);

        Assert.That(Choose(null), Is.Null);
        Assert.That(_told.Diagnostics.Single().ToString(), Does.Contain("warning MO7012").And.Contain(message).And.Not.Contain(Secret));
    }

    [TestCase("ftp://host/", null)]
    [TestCase("https://me@host/", Header, Description = "both say who asks")]
    public void What_is_wrong_with_a_given_address_is_its_giver_s_mistake(string named, string? header)
    {
        Set("https://host/", header);

        Assert.That(() => Choose(named), Throws.ArgumentException.With.Message.Not.Contains(Secret));
    }

    [TestCase("https://host/")]
    [TestCase("https://HOST:443/another/folder")]
    public void The_header_goes_to_the_server_of_the_environment(string? named)
    {
        Set("https://host/models", Header);

        Assert.That(Choose(null)!.Header, Is.EqualTo(("Authorization", $"Bearer {Secret}")));
        Assert.That(Choose(named)!.Header, Is.EqualTo(("Authorization", $"Bearer {Secret}")));
        Assert.That(_told.Diagnostics, Is.Empty);
    }

    [TestCase("https://elsewhere/models")]
    [TestCase("https://host:8443/models")]
    [TestCase("http://host/models")]
    [TestCase("http://host:443/models")]
    [TestCase("https://host.elsewhere/models")]
    [TestCase("https://elsewhere/models", null, Description = "the environment names none")]
    [TestCase("https://elsewhere/models", "nonsense")]
    public void The_header_goes_nowhere_else(string named, string? url = "https://host/models")
    {
        Set(url, Header);
        var settings = Choose(named)!;

        Assert.That((settings.Header, settings.LacksHeader), Is.EqualTo(((ValueTuple<string, string>?)null, true)));
    }

    [Test]
    public void Whoever_lacks_the_header_hears_why()
    {
        using var server = new StrictServer { Instead = Refuse };
        using var folder = new CachedFolder();
        Set("https://host/models", Header);
        folder.Shared = Choose(server.Url);
        folder.Run();

        Assert.That(folder.Trouble.Diagnostics.Single().ToString(), Does.Contain("MO7012").And.Contain("MODELOPT_CACHE_HEADER is not sent").And.Not.Contain(Secret));
    }

    [TestCase("http://me:hunter2@host/", null, 1)]
    [TestCase("http://host/", Header, 1)]
    [TestCase("http://host/", null, 0, Description = "nothing to read")]
    [TestCase("https://host/", Header, 0)]
    [TestCase("http://me:hunter2@localhost:8080/", null, 0)]
    [TestCase("http://127.0.0.1/", Header, 0)]
    public void Secrets_that_anybody_can_read_on_the_way_are_told(string url, string? header, int told)
    {
        Set(url, header);

        Assert.That(Choose(null), Is.Not.Null);
        Assert.That(_told.Diagnostics.Select(one => (one.Code, one.Severity)), Is.EqualTo(Enumerable.Repeat(("MO7012", Severity.Info), told)));
    }

    private static bool Refuse(System.Net.HttpListenerContext context)
    {
        context.Response.StatusCode = 401;
        context.Response.Close();
        return true;
    }

    private void Set(string? url, string? header = null)
    {
        if (url is not null)
            _variables["MODELOPT_CACHE_URL"] = url;
        if (header is not null)
            _variables["MODELOPT_CACHE_HEADER"] = header;
    }

    private SharedCacheSettings? Choose(string? named) => new SharedCacheChoice(_variables.GetValueOrDefault, _told).Make(named);
}
