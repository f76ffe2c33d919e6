namespace ModelOptimizer.Onnx;

/// <summary>
/// Files that appear together or not at all: each is written beside its target and moved over it at the end, in the order
/// they were begun. Whoever still maps an old file keeps reading the old bytes.
/// </summary>
internal sealed class AtomicFiles : IDisposable
{
    private readonly List<(string Temporary, string Target)> _files = [];
    private readonly List<(string Aside, string Target)> _replaced = [];

    /// <summary>Begins a file; the caller closes the stream before <see cref="Commit"/>.</summary>
    /// <param name="length">Its length, so that a full disk is noticed at once.</param>
    public FileStream Create(string target, long length)
    {
        if (Directory.Exists(target))
            throw new IOException($"'{target}' is a folder");
        var temporary = Beside(target);
        _files.Add((temporary, target));
        return Open(temporary, length);
    }

    /// <summary>Moves all files into place; when one can't be, those moved before it are taken back.</summary>
    public void Commit()
    {
        try
        {
            foreach (var (temporary, target) in _files)
                Replace(temporary, target);
        }
        catch
        {
            foreach (var (aside, target) in _replaced)
                File.Move(aside, target, overwrite: true);
            _replaced.Clear();
            throw;
        }
    }

    /// <summary>Removes what is left beside the targets.</summary>
    public void Dispose()
    {
        foreach (var (leftover, _) in _files.Concat(_replaced))
            File.Delete(leftover);
    }

    private void Replace(string temporary, string target)
    {
        // The last move needs no way back, so a model without a data file is replaced in a single step.
        if (target != _files[^1].Target && File.Exists(target))
        {
            var aside = Beside(target);
            File.Move(target, aside);
            _replaced.Add((aside, target));
        }
        File.Move(temporary, target, overwrite: true);
    }

    private static FileStream Open(string path, long length)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                PreallocationSize = length,
            });
        }
        catch (IOException e) when (e.HResult == WriteFailure.Preallocation)
        {
            throw WriteFailure.NoRoom(length);
        }
    }

    private static string Beside(string target) =>
        Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
}
