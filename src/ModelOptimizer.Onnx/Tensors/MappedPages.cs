using System.Runtime.InteropServices;

namespace ModelOptimizer.Onnx;

/// <summary>Tells the system that pages of a mapped file are not needed now. Whoever reads them again finds the same bytes.</summary>
internal static unsafe partial class MappedPages
{
    private const int DontNeed = 4; // MADV_DONTNEED on Linux and macOS.

    /// <summary>
    /// Takes the pages out of the process's resident memory at once on Linux, and out of its working set on Windows. On macOS it is a hint: pages
    /// that were not written are the first to go when memory gets short. That it fails is no harm.
    /// </summary>
    /// <param name="start">The start of a page.</param>
    public static void LetGo(byte* start, long length)
    {
        if (OperatingSystem.IsWindows())
            _ = VirtualUnlock(start, (nuint)length); // What is not locked leaves the working set.
        else
            _ = Advise(start, (nuint)length, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(byte* address, nuint length, int advice);

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualUnlock(byte* address, nuint length);
}
