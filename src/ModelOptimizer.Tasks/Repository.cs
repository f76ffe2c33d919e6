using System.IO;

namespace ModelOptimizer.Tasks;

/// <summary>Finds the folder that places in logs are told relative to.</summary>
internal static class Repository
{
    /// <param name="given">What the project says; empty for the nearest folder upwards with <c>.git</c> in it, which is a file in work trees.</param>
    public static string RootOf(string given, string project)
    {
        if (given.Length > 0)
            return given;
        var own = Path.GetDirectoryName(project) ?? "";
        for (var folder = own; !string.IsNullOrEmpty(folder); folder = Path.GetDirectoryName(folder))
            if (Directory.Exists(Path.Combine(folder, ".git")) || File.Exists(Path.Combine(folder, ".git")))
                return folder;
        return own;
    }
}
