using System.Runtime.InteropServices;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>Environment variables as native libraries see them: on Unix .NET changes only its own copy.</summary>
internal static partial class NativeVariable
{
    public static void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (!OperatingSystem.IsWindows())
            _ = SetEnv(name, value, overwrite: 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
