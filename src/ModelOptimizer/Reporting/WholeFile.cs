namespace ModelOptimizer.Reporting;

/// <summary>Files that appear complete or not at all: written beside the target and moved over it.</summary>
public static class WholeFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        // A span can't be captured; the array is small text.
        var bytes = content.ToArray();
        Write(path, stream => stream.Write(bytes));
    }

    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
