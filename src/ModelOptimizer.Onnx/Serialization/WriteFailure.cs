using System.Globalization;

namespace ModelOptimizer.Onnx;

/// <summary>Says why a file can't be written and what helps.</summary>
internal static class WriteFailure
{
    /// <summary>What the framework throws, with no more than a text, when it can't set aside a file's length.</summary>
    public const int Preallocation = unchecked((int)0x80131620); // COR_E_IO

    private const int DiskFullUnix = 28; // ENOSPC
    private const int DiskFullWindows = unchecked((int)0x80070070); // ERROR_DISK_FULL

    public static InvalidModelException Explain(string target, Exception e) => new(ModelProblem.CannotWrite,
        $"The model can't be written: {e.Message.TrimEnd('.')}. {NextStep(e)}", target, e);

    public static IOException NoRoom(long length) =>
        new(string.Create(CultureInfo.InvariantCulture, $"the disk has no room for a file of {length:N0} bytes"), DiskFullUnix);

    private static string NextStep(Exception e) => e switch
    {
        UnauthorizedAccessException => "Check the permissions of the folder, or choose another output path",
        { HResult: DiskFullUnix or DiskFullWindows } => "Free some space, or choose another output path",
        _ => "Check that the folder exists and that no other program holds the file, or choose another output path",
    };
}
