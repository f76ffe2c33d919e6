using System.CommandLine;
using ModelOptimizer.Caching;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>cache info|trim|clear</c>: what results are remembered on this machine, and away with them.</summary>
internal static class CacheCommand
{
    public static ToolCommand Create() => new("cache", "See and clear the results that builds remember on this machine",
        "cache info",
        "cache trim --cache-size 500MB",
        "cache clear")
    {
        Info(),
        Trim(),
        Clear(),
    };

    private static ToolCommand Info()
    {
        var folder = CacheOptions.Folder();
        return new ToolCommand("info", "Tell where the cache is, and what it holds",
            "cache info",
            "cache info --json")
        {
            folder,
        }.Does((parsed, context) => Tell(Named(parsed, folder, context), "", CacheFolder.Usage, context));
    }

    private static ToolCommand Trim()
    {
        var (folder, size) = (CacheOptions.Folder(), CacheOptions.Size());
        return new ToolCommand("trim", "Remove results, those used longest ago first, until the rest fits",
            "cache trim --cache-size 500MB",
            "cache trim")
        {
            folder,
            size,
        }.Does((parsed, context) => Tell(Named(parsed, folder, context), " left",
            path => CacheFolder.Trim(path, (parsed.GetValue(size) ?? CacheSettings.DefaultCapacity).Bytes), context));
    }

    private static ToolCommand Clear()
    {
        var folder = CacheOptions.Folder();
        return new ToolCommand("clear", "Remove all results",
            "cache clear",
            "cache clear --cache-folder obj/cache")
        {
            folder,
        }.Does((parsed, context) => Tell(Named(parsed, folder, context), " left", CacheFolder.Clear, context));
    }

    private static string Named(ParseResult parsed, Option<string?> folder, CommandContext context) =>
        CacheOptions.FolderOf(parsed, folder, context) ?? throw new UsageException($"There is no home with a cache; name a folder with {folder.Name}");

    private static void Tell(string folder, string left, Func<string, CacheUsage> work, CommandContext context)
    {
        var usage = work(folder);
        folder = CacheFolder.RootIn(folder);
        if (context.IsJson)
            context.WriteJson(new CacheOutcome(1, folder, usage.Entries, usage.Bytes), ToolJson.Readable.CacheOutcome);
        else
            context.Streams.Out.WriteLine($"{folder}: {Quantities.Count(usage.Entries, "result")}, {new ByteSize(usage.Bytes)}{left}");
    }
}

/// <summary>The JSON of <c>cache</c>: what there is afterwards.</summary>
/// <param name="Entries">Results.</param>
internal sealed record CacheOutcome(int SchemaVersion, string Folder, int Entries, long Bytes);
