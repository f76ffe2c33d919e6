using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace ModelOptimizer.Recording;

/// <summary>
/// Writes what an app feeds a model into a folder, one NumPy archive a run, to calibrate and evaluate on:
/// <code>
/// var recorder = new InputRecorder("recorded");
/// …
/// recorder.Record(() => [RecordedArray.Of&lt;long&gt;("input_ids", ids, 1, ids.Length)]);
/// using var outputs = session.Run(options, inputs, session.OutputNames);
/// </code>
/// <code>
/// calibration: { data: recorded }
/// </code>
/// Safe for use by several threads, and by several processes on one folder. A file is there whole or not at all.
/// </summary>
public sealed class InputRecorder
{
    private const string Prefix = "sample-";
    private const string Extension = ".npz";

    /// <summary>
    /// Tells readers how the arrays are cut, also where an input's rank is open and the arrays don't say it. Whoever looks for arrays passes over it.
    /// </summary>
    private const string StackMark = "stacked.txt";

    private const string StackText = "Each array is a stack of samples: one step of its first axis is fed whole.\n";

    /// <summary>The first day that archives know: equal inputs give equal files.</summary>
    private static readonly DateTimeOffset s_noTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>EEXIST.</summary>
    private const int ExistsOnUnix = 17;

    /// <summary>ERROR_FILE_EXISTS.</summary>
    private const int ExistsOnWindows = 80;

    private readonly string _folder;
    private readonly int _limit;
    private readonly int _every;
    private readonly object _publishing = new();
    private int _count;
    private int _runs = -1;
    private int _number;

    /// <param name="folder">Where the files go; it is made. Files of earlier runs of the app stay and count.</param>
    /// <param name="limit">
    /// How many files there may be, whoever wrote them; the recorder does nothing afterwards. Where several processes write their last file at the
    /// same moment, there may be one more for each.
    /// </param>
    /// <param name="every">Takes one of so many runs, so that what is recorded stretches over more of the app's use.</param>
    /// <exception cref="IOException">The folder can't be made or read.</exception>
    public InputRecorder(string folder, int limit = 256, int every = 1)
    {
        if (string.IsNullOrEmpty(folder))
            throw new ArgumentException("A folder is needed", nameof(folder));
        if (limit < 1 || every < 1)
            throw new ArgumentOutOfRangeException(limit < 1 ? nameof(limit) : nameof(every));
        (_folder, _limit, _every) = (folder, limit, every);
        _count = Guard(() =>
        {
            Directory.CreateDirectory(folder);
            return CountFiles();
        });
        _number = _count;
    }

    /// <summary>How many files there are, or are being written, as far as this recorder has seen.</summary>
    public int Count => Math.Min(Volatile.Read(ref _count), _limit);

    /// <summary>True once there are as many files as allowed.</summary>
    public bool IsFull => Count >= _limit;

    /// <summary>Records a run, if it is this one's turn.</summary>
    /// <param name="inputs">Gives an array for each input. Only called when the run is recorded: the others cost nothing.</param>
    /// <returns>True when the run was recorded.</returns>
    /// <exception cref="ArgumentException">Two arrays have one name, or there are none.</exception>
    /// <exception cref="IOException">The file can't be written. An app that must not fail of it catches this.</exception>
    public bool Record(Func<IReadOnlyList<RecordedArray>> inputs)
    {
        if (inputs is null)
            throw new ArgumentNullException(nameof(inputs));
        if (IsFull || Interlocked.Increment(ref _runs) % _every != 0 || !Reserve())
            return false;
        try
        {
            var arrays = Checked(inputs());
            var hasPlace = Guard(() => Write(arrays));
            if (!hasPlace)
                Interlocked.Exchange(ref _count, _limit);
            return hasPlace;
        }
        catch
        {
            Interlocked.Decrement(ref _count);
            throw;
        }
    }

    private bool Reserve()
    {
        if (Interlocked.Increment(ref _count) <= _limit)
            return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    private static IReadOnlyList<RecordedArray> Checked(IReadOnlyList<RecordedArray> arrays)
    {
        if (arrays.Count == 0)
            throw new ArgumentException("A run has at least one input", nameof(arrays));
        return arrays.GroupBy(array => array.Name).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new ArgumentException($"'{twice.Key}' is given twice", nameof(arrays))
            : arrays;
    }

    /// <summary>A user's rights and a file that Windows is about to delete are problems with a file like others.</summary>
    private static T Guard<T>(Func<T> access)
    {
        try
        {
            return access();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private int CountFiles() => Directory.EnumerateFiles(_folder, $"{Prefix}*{Extension}").Count();

    /// <returns>False when other processes filled the folder meanwhile.</returns>
    private bool Write(IReadOnlyList<RecordedArray> arrays)
    {
        var scratch = Path.Combine(_folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            using (var file = new FileStream(scratch, FileMode.CreateNew))
                WriteArchive(arrays, file);
            lock (_publishing)
                return CountFiles() < _limit && Publish(scratch);
        }
        finally
        {
            File.Delete(scratch);
        }
    }

    private static void WriteArchive(IReadOnlyList<RecordedArray> arrays, Stream file)
    {
        using var archive = new ZipArchive(file, ZipArchiveMode.Create);
        foreach (var array in arrays)
            Add(archive, array.Name + ".npy", array.WriteTo);
        var mark = Encoding.ASCII.GetBytes(StackText);
        Add(archive, StackMark, stream => stream.Write(mark, 0, mark.Length));
    }

    private static void Add(ZipArchive archive, string name, Action<Stream> write)
    {
        var entry = archive.CreateEntry(name, CompressionLevel.Fastest);
        entry.LastWriteTime = s_noTime;
        using var stream = entry.Open();
        write(stream);
    }

    /// <summary>Gives the file the next number that nobody has: another process may record, too.</summary>
    private bool Publish(string scratch)
    {
        while (!TryPublish(scratch, Prefix + _number.ToString("D6", CultureInfo.InvariantCulture) + Extension))
            _number++;
        _number++;
        return true;
    }

    /// <summary>Claims the name before the file moves there: on Unix a move may replace a file that came into being meanwhile.</summary>
    /// <returns>False when somebody has the name or is about to.</returns>
    private bool TryPublish(string scratch, string name)
    {
        var (path, claim) = (Path.Combine(_folder, name), Path.Combine(_folder, $".{name}.claim"));
        if (!TryCreate(claim))
            return false;
        try
        {
            if (File.Exists(path))
                return false;
            File.Move(scratch, path);
            return true;
        }
        finally
        {
            File.Delete(claim);
        }
    }

    private static bool TryCreate(string path)
    {
        try
        {
            new FileStream(path, FileMode.CreateNew).Dispose();
            return true;
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) is ExistsOnUnix or ExistsOnWindows)
        {
            return false;
        }
        catch (UnauthorizedAccessException) when (File.Exists(path))
        {
            // On Windows until the last handle of a deleted file is closed.
            return false;
        }
    }
}
