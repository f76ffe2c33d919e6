using System.Reflection;

namespace ModelOptimizer.Tool;

internal static class ToolVersion
{
    /// <summary>The package's version, without the commit that builds append.</summary>
    public static string Text { get; } =
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
