using ModelOptimizer.Onnx;

namespace ModelOptimizer.Reporting;

/// <summary>A candidate written in full, not yet judged. Disposing takes away what was neither accepted nor rejected.</summary>
internal sealed class StagedModel : IDisposable
{
    private readonly OutputFiles _output;
    private bool _isJudged;

    private StagedModel(OutputFiles output, IReadOnlyList<string> files)
    {
        _output = output;
        Files = files;
    }

    /// <summary>Full paths of the model and, if it has one, its data file, wherever they are now.</summary>
    public IReadOnlyList<string> Files { get; private set; }

    /// <exception cref="InvalidModelException">The place can't be written to.</exception>
    public static StagedModel Write(OnnxModel candidate, OutputFiles output) => new(output, ModelWriter.Save(candidate, output.Rejected));

    /// <summary>Makes an accepted candidate the output; leaves a rejected one where it is, and an older output as it was.</summary>
    public void Settle(bool accepted)
    {
        if (accepted)
            Accept();
        _isJudged = true;
    }

    /// <summary>Makes the candidate the output: data before model, so that no reader meets a model without its data.</summary>
    private void Accept()
    {
        var accepted = Files.Select(file => Path.Combine(_output.Folder, Path.GetFileName(file))).ToArray();
        for (var i = Files.Count - 1; i >= 0; i--)
            File.Move(Files[i], accepted[i], overwrite: true);
        Files = accepted;
        RemoveFolderIfEmpty();
    }

    public void Dispose()
    {
        if (_isJudged)
            return;
        foreach (var file in Files)
            File.Delete(file);
        RemoveFolderIfEmpty();
    }

    private void RemoveFolderIfEmpty()
    {
        if (!Directory.EnumerateFileSystemEntries(_output.RejectedFolder).Any())
            Directory.Delete(_output.RejectedFolder);
    }
}
