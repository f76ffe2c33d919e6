using System.IO.Compression;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>A model as files, the way a user ships it: the model file, then its external data.</summary>
public sealed class SavedModel : IDisposable
{
    /// <summary>One quality for all, so that compressed sizes compare, at bearable speed. The window is the stream's fixed 4 MiB (22 bits).</summary>
    private const int BrotliQuality = 5;

    private readonly DirectoryInfo? _scratch;
    private readonly IReadOnlyList<string> _files;
    private readonly Lazy<long> _compressed;

    private SavedModel(IReadOnlyList<string> files, DirectoryInfo? scratch)
    {
        _files = files;
        _scratch = scratch;
        _compressed = new Lazy<long>(Compress);
    }

    public long Bytes => _files.Sum(file => new FileInfo(file).Length);

    /// <summary>Bytes after Brotli, all files in one stream.</summary>
    public long CompressedBytes => _compressed.Value;

    /// <summary>The files of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="files">Where it is saved, model first; null saves it to a scratch folder for as long as this lives.</param>
    public static SavedModel Of(OnnxModel model, IReadOnlyList<string>? files)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (files is not null)
            return new SavedModel(files, scratch: null);
        var scratch = Directory.CreateTempSubdirectory("model-opt-");
        return new SavedModel(ModelWriter.Save(model, Path.Combine(scratch.FullName, "model.onnx")), scratch);
    }

    /// <summary>The files that the model was read from; null when it came from memory.</summary>
    public static IReadOnlyList<string>? SourceOf(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Path is { } path ? [path, .. model.ExternalFiles] : null;
    }

    public void Dispose() => _scratch?.Delete(recursive: true);

    private long Compress()
    {
        var counter = new CountingStream();
        using (var encoder = new BrotliStream(counter, new BrotliCompressionOptions { Quality = BrotliQuality }, leaveOpen: true))
            foreach (var file in _files)
                using (var stream = File.OpenRead(file))
                    stream.CopyTo(encoder);
        return counter.Length;
    }
}
