using System.Text;

namespace ModelOptimizer.Reporting;

/// <summary>A file that several processes append to, such as the summary of a CI job: each piece stands whole, in any order.</summary>
public static class SharedFile
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>EAGAIN of Linux and of macOS, and the sharing and lock violations of Windows.</summary>
    private static readonly int[] HeldByOthers = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    /// <summary>Whether waiting helps: another process has the file open. It does not on a full disk, or one that is only read.</summary>
    internal static bool IsHeldByOthers(IOException problem) => HeldByOthers.Contains(problem.HResult);

    /// <summary>Appends UTF-8 text in one write, with nobody else at work in the file; folders on the way are made.</summary>
    /// <exception cref="IOException">The file can't be written, or others hold it for too long.</exception>
    /// <exception cref="UnauthorizedAccessException">The place may not be written.</exception>
    public static void Append(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = OpenAlone(path);
        var end = file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush();
        }
        catch (IOException)
        {
            // No half of a piece stays behind when the disk is full.
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>Another process has the file for moments only.</summary>
    private static FileStream OpenAlone(string path)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (true)
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (IsHeldByOthers(e) && waited.Elapsed < Patience)
            {
                Thread.Sleep(Pause);
            }
    }
}
