using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Caching;

/// <summary>Which server is asked: the one that a command or project names, else that of the environment.</summary>
/// <param name="variable">The value of an environment variable; null for none.</param>
/// <param name="trouble">Told what is wrong with the environment, which breaks no build.</param>
public sealed class SharedCacheChoice(Func<string, string?> variable, IDiagnosticSink trouble)
{
    private const string Url = SharedCacheSettings.UrlVariable;

    /// <param name="named">The address that was named, if any; empty or <c>none</c> for no server.</param>
    /// <returns>Null for none.</returns>
    /// <exception cref="ArgumentException">The address that was named is none; the message repeats no secret.</exception>
    public SharedCacheSettings? Make(string? named)
    {
        var url = named ?? variable(Url);
        if (string.IsNullOrEmpty(url) || url == "none")
            return null;
        try
        {
            var settings = named is null ? SharedCacheSettings.Parse(url, Header(), Url) : Named(named);
            if (settings.ShowsSecrets)
                // No warning: builds ask nothing more of a server once they were warned.
                Tell(Severity.Info, "The shared cache gets user, password or header over plain http, where others can read them; use https");
            return settings with { Push = variable(SharedCacheSettings.PushVariable) is "1" or "true" };
        }
        catch (ArgumentException e) when (named is null)
        {
            Tell(Severity.Warning, $"The shared cache is not asked: {e.Message}. The work is done here; mend the variable, or leave it out");
            return null;
        }
    }

    /// <summary>Whoever names a server, such as a project of others, gets no secrets that are for another.</summary>
    private SharedCacheSettings Named(string url)
    {
        var settings = SharedCacheSettings.Parse(url, header: null);
        if (Header() is not { } header)
            return settings;
        return settings.IsOnServerOf(variable(Url)) ? SharedCacheSettings.Parse(url, header) : settings with { LacksHeader = true };
    }

    private string? Header() => variable(SharedCacheSettings.HeaderVariable) is { Length: > 0 } header ? header : null;

    private void Tell(Severity severity, string message) =>
        trouble.Report(new Diagnostic(DiagnosticCatalog.SharedCacheUnreachable, message) { Severity = severity });
}
