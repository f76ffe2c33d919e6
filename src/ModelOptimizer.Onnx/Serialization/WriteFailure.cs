namespace ModelOptimizer.Onnx;

/// <summary>Says why a file can't be written and what helps.</summary>
internal static class WriteFailure
{
    private const int DiskFullUnix = 28; // ENOSPC
    private const int DiskFullWindows = unchecked((int)0x80070070); // ERROR_DISK_FULL

    public static InvalidModelException Explain(string target, Exception e) => new(ModelProblem.CannotWrite,
        $"The model can't be written: {e.Message.TrimEnd('.')}. {NextStep(e)}", target, e);

    private static string NextStep(Exception e) => e switch
    {
        UnauthorizedAccessException => "Check the permissions of the folder, or choose another output path",
        { HResult: DiskFullUnix or DiskFullWindows } => "Free some space, or choose another output path",
        _ => "Check that the folder exists and that no other program holds the file, or choose another output path",
    };
}
