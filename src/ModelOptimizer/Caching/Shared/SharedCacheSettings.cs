using System.Net.Http.Headers;
using System.Text;

namespace ModelOptimizer.Caching;

/// <summary>A cache on a server that speaks Bazel's HTTP protocol, and how to talk to it.</summary>
public sealed record SharedCacheSettings
{
    /// <summary>The environment variable that names the server.</summary>
    public const string UrlVariable = "MODELOPT_CACHE_URL";

    /// <summary>The environment variable that allows to send results there: <c>1</c> or <c>true</c>.</summary>
    public const string PushVariable = "MODELOPT_CACHE_PUSH";

    /// <summary>The environment variable with a header for each request, <c>NAME: VALUE</c>: a secret, which no message repeats.</summary>
    public const string HeaderVariable = "MODELOPT_CACHE_HEADER";

    private SharedCacheSettings(Uri address) => Address = address;

    /// <summary>The folder of <c>ac</c> and <c>cas</c>, without user and password.</summary>
    public Uri Address { get; }

    /// <summary>Whether results made here are sent there; else they are only taken.</summary>
    public bool Push { get; init; }

    /// <summary>Whether there is a header that is not sent, since it is for another server.</summary>
    public bool LacksHeader { get; init; }

    /// <summary>Whether user, password or header can be read by anybody on the way.</summary>
    public bool ShowsSecrets => Address.Scheme == "http" && !Address.IsLoopback && (User is not null || Header is not null);

    internal AuthenticationHeaderValue? User { get; private init; }

    internal (string Name, string Value)? Header { get; private init; }

    /// <param name="url">An address with http or https; it may hold user and password.</param>
    /// <param name="header"><c>NAME: VALUE</c>; null for none.</param>
    /// <param name="named">What messages call the address.</param>
    /// <exception cref="ArgumentException">One of them is none, or both say who asks; the message repeats no secret.</exception>
    public static SharedCacheSettings Parse(string url, string? header, string named = "The cache's address")
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new ArgumentException($"{named} is no URL that begins with https:// or http://");
        if (uri.Query.Length + uri.Fragment.Length > 0)
            throw new ArgumentException($"{named} names a folder: leave out what follows '?' or '#'");
        var settings = new SharedCacheSettings(Folder(uri)) { User = Credentials(uri.UserInfo), Header = header is null ? null : Pair(header) };
        var isTwice = settings.User is not null && string.Equals(settings.Header?.Name, "Authorization", StringComparison.OrdinalIgnoreCase);
        return isTwice ? throw new ArgumentException($"{named} has a user, and {HeaderVariable} an Authorization: leave one of them out") : settings;
    }

    /// <summary>Whether a secret for the one address is for the other, too.</summary>
    internal bool IsOnServerOf(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var other)
        && Uri.Compare(Address, other, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static Uri Folder(Uri uri) => new UriBuilder(uri) { UserName = "", Password = "", Path = uri.AbsolutePath.TrimEnd('/') + "/" }.Uri;

    private static AuthenticationHeaderValue? Credentials(string user)
    {
        if (user.Length == 0)
            return null;
        var whole = Uri.UnescapeDataString(user.Contains(':', StringComparison.Ordinal) ? user : user + ":");
        return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(whole)));
    }

    private static (string, string) Pair(string header)
    {
        using var probe = new HttpRequestMessage();
        var parts = header.Split(':', 2, StringSplitOptions.TrimEntries);
        var isOneLine = !header.AsSpan().ContainsAny('\r', '\n');
        if (parts.Length == 2 && isOneLine && probe.Headers.TryAddWithoutValidation(parts[0], parts[1]))
            return (parts[0], parts[1]);
        throw new ArgumentException($"{HeaderVariable} is no header of the form 'NAME: VALUE'");
    }
}
