using ModelOptimizer.Onnx;

namespace ModelOptimizer.Reporting;

/// <summary>
/// A candidate written in full, not yet judged. It waits in a folder of its own beside the output, so that two runs at once don't meet;
/// disposing takes that folder away.
/// </summary>
internal sealed class StagedModel : IDisposable
{
    private readonly OutputFiles _output;
    private readonly string _folder;
    private readonly FileStream? _hold;

    private StagedModel(OutputFiles output)
    {
        _output = output;
        _folder = AbandonedRuns.NewFolder(output.Model);
        _hold = AbandonedRuns.TryHold(_folder);
    }

    /// <summary>Full paths of the model and, if it has one, its data file, wherever they are now.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <exception cref="InvalidModelException">The place can't be written to.</exception>
    public static StagedModel Write(OnnxModel candidate, OutputFiles output) => Make(output, path => ModelWriter.Save(candidate, path));

    /// <param name="write">Told where the model goes, writes it with its data beside it, and returns the paths of both.</param>
    public static StagedModel Make(OutputFiles output, Func<string, IReadOnlyList<string>> write)
    {
        AbandonedRuns.Sweep(output.Model);
        var staged = new StagedModel(output);
        try
        {
            staged.Files = write(Path.Combine(staged._folder, Path.GetFileName(output.Model)));
            return staged;
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    /// <summary>Makes an accepted candidate the output; lays a rejected one aside for inspection, and leaves an older output as it was.</summary>
    public void Settle(bool accepted)
    {
        RemoveRejected();
        MoveTo(accepted ? _output.Folder : _output.RejectedFolder);
    }

    public void Dispose()
    {
        _hold?.Dispose();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Data before model, so that no reader meets a model without its data.</summary>
    private void MoveTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var settled = Files.Select(file => Path.Combine(folder, Path.GetFileName(file))).ToArray();
        for (var i = Files.Count - 1; i >= 0; i--)
            File.Move(Files[i], settled[i], overwrite: true);
        // What an earlier, larger result kept beside it belongs to nothing any more.
        if (settled.Length == 1)
            File.Delete(Path.Combine(folder, Path.GetFileName(_output.Data)));
        Files = settled;
    }

    /// <summary>What an earlier run rejected says nothing about this one.</summary>
    private void RemoveRejected()
    {
        if (!Directory.Exists(_output.RejectedFolder))
            return;
        foreach (var file in Files)
            File.Delete(Path.Combine(_output.RejectedFolder, Path.GetFileName(file)));
        if (!Directory.EnumerateFileSystemEntries(_output.RejectedFolder).Any())
            Directory.Delete(_output.RejectedFolder);
    }
}
