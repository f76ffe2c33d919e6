using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace ModelOptimizer.Tasks;

/// <summary>The files behind an entry of <c>data:</c>. Rather one too many than one too few: they are only watched.</summary>
internal static class DataGlob
{
    /// <param name="path">Full path of a file or folder, or a glob.</param>
    /// <returns>Full paths in ordinal order; the path itself where nothing is there.</returns>
    public static IReadOnlyList<string> Expand(string path)
    {
        if (path.IndexOf('*') >= 0 && !File.Exists(path))
            return Glob(path);
        return Directory.Exists(path) ? Sorted(Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)) : [path];
    }

    private static string[] Glob(string pattern)
    {
        var parts = pattern.Replace('\\', '/').Split('/');
        var literal = parts.TakeWhile(part => part.IndexOf('*') < 0).ToArray();
        var root = string.Join("/", literal) + "/";
        if (!Directory.Exists(root))
            return [pattern];
        var rest = string.Join("/", parts.Skip(literal.Length));
        // A folder that matches stands for what lies in it.
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(rest).AddInclude(rest + "/**");
        return Sorted(matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files.Select(match => root + match.Path));
    }

    private static string[] Sorted(IEnumerable<string> files) => files.OrderBy(file => file, StringComparer.Ordinal).ToArray();
}
