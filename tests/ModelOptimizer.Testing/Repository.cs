namespace ModelOptimizer.Testing;

/// <summary>Where this checkout lies.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ModelOptimizer.Tasks.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests don't run inside the repository");
        return folder;
    }
}
