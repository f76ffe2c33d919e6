using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tests.Caching;

/// <summary>The folder is the user's to name, and else where the system has such things.</summary>
internal sealed class CacheLocationTests
{
    [Test]
    public void A_variable_names_the_folder() =>
        Assert.That(Default(("MODELOPT_CACHE", "/data/cache"), ("XDG_CACHE_HOME", "/xdg")), Is.EqualTo(Path.GetFullPath("/data/cache")));

    [Test]
    [Platform("Linux")]
    public void Linux_keeps_caches_where_XDG_says()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

        Assert.That(Default(("XDG_CACHE_HOME", "/xdg")), Is.EqualTo("/xdg/model-optimizer"));
        Assert.That(Default(), Is.EqualTo($"{home}/.cache/model-optimizer"));
        Assert.That(Default(("XDG_CACHE_HOME", "relative")), Is.EqualTo($"{home}/.cache/model-optimizer"), "the specification bids to ignore it");
        Assert.That(Default(("MODELOPT_CACHE", "")), Is.EqualTo($"{home}/.cache/model-optimizer"));
    }

    [TestCase("obj/cache")]
    [TestCase(".")]
    public void A_variable_that_means_another_folder_everywhere_is_told_and_ignored(string relative)
    {
        var trouble = new DiagnosticBag();

        Assert.That(CacheLocation.Default(name => name == "MODELOPT_CACHE" ? relative : null, trouble), Is.EqualTo(Default()));
        Assert.That(trouble.Diagnostics.Single().ToString(), Does.Contain("warning MO7011").And.Contain($"MODELOPT_CACHE is '{relative}'"));
    }

    private static string? Default(params (string Name, string Value)[] environment)
    {
        var trouble = new DiagnosticBag();
        var folder = CacheLocation.Default(name => environment.FirstOrDefault(one => one.Name == name).Value, trouble);
        Assert.That(trouble.Diagnostics, Is.Empty);
        return folder;
    }
}
