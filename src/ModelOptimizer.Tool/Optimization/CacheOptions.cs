using System.CommandLine;
using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>Whether results are remembered, where, and how many. By hand nothing is, unless one of the options says so.</summary>
internal sealed class CacheOptions
{
    private readonly Option<bool> _cache = new("--cache")
    {
        Description = "Take the result from the cache when the same was done before, and keep it there when not",
    };

    private readonly Option<bool> _noCache = new("--no-cache") { Description = "Do all work anew, and keep nothing; so it is by default" };

    private readonly Option<string?> _folder = Folder();

    private readonly Option<ByteSize?> _size = Size();

    private readonly Option<string?> _url = new("--cache-url")
    {
        Description = "A server that is asked for what is not in the cache, by Bazel's HTTP protocol; 'none' for none. "
            + $"By default that of {SharedCacheSettings.UrlVariable}",
        HelpName = "URL",
    };

    private readonly Option<bool> _push = new("--cache-push")
    {
        Description = $"Send results to the server, too, if there is one, as {SharedCacheSettings.PushVariable}=1 does; else they are only taken",
    };

    public IEnumerable<Option> All => [_cache, _noCache, _folder, _size, _url, _push];

    /// <summary>Where the cache is.</summary>
    public static Option<string?> Folder() => new("--cache-folder")
    {
        Description = $"The cache's folder; by default that of the variable {CacheLocation.Variable}, or the user's own for caches",
        HelpName = "FOLDER",
    };

    /// <summary>How much it may take.</summary>
    public static Option<ByteSize?> Size() => new("--cache-size")
    {
        Description = $"What the cache may take, {CacheSettings.DefaultCapacity} by default; what was used longest ago goes first",
        HelpName = "SIZE",
        CustomParser = argument => NumberParsers.Size("--cache-size")(argument),
    };

    public void AddTo(Command command)
    {
        foreach (var option in All)
            command.Options.Add(option);
    }

    /// <param name="besides">Options whose results are of one run alone.</param>
    /// <returns>Null where nothing is to be remembered.</returns>
    /// <exception cref="UsageException">Options exclude each other.</exception>
    public ResultCache? Read(ParseResult parsed, IEnumerable<Option> besides, CommandContext context)
    {
        var said = All.Except([_noCache]).FirstOrDefault(option => IsGiven(parsed, option));
        if (said is null)
            return null;
        if (parsed.GetValue(_noCache))
            throw new UsageException($"{said.Name} and --no-cache exclude each other");
        if (besides.FirstOrDefault(option => IsGiven(parsed, option)) is { } single)
            throw new UsageException($"What comes of {single.Name} is not cached; leave {said.Name} out");
        var settings = new CacheSettings(FolderOf(parsed, _folder, context) ?? "")
        {
            Capacity = parsed.GetValue(_size) ?? CacheSettings.DefaultCapacity,
            Shared = Shared(parsed, context),
        };
        if (settings.Folder.Length > 0)
            return new ResultCache(settings, context);
        // A build asks for the cache unasked: on machines without a home it is nobody's mistake.
        var isWanted = All.Except([_cache, _noCache]).Any(option => IsGiven(parsed, option));
        context.Report(new Diagnostic(DiagnosticCatalog.CacheUnusable, $"There is no home to keep results in; name a folder with {CacheLocation.Variable}")
        {
            Severity = isWanted ? Severity.Warning : Severity.Info,
        });
        return null;
    }

    /// <returns>A full path; null for a user without a home.</returns>
    public static string? FolderOf(ParseResult parsed, Option<string?> folder, IDiagnosticSink trouble) =>
        parsed.GetValue(folder) is { } named ? Path.GetFullPath(named) : CacheLocation.Default(trouble);

    private SharedCacheSettings? Shared(ParseResult parsed, CommandContext context)
    {
        try
        {
            var shared = new SharedCacheChoice(Environment.GetEnvironmentVariable, context).Make(parsed.GetValue(_url));
            return shared is null ? null : shared with { Push = shared.Push || parsed.GetValue(_push) };
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
