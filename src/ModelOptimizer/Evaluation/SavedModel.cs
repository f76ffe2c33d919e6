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
    /// <param name="path">Where it is saved already; null saves it to a scratch folder for as long as this lives.</param>
    public static SavedModel Of(OnnxModel model, string? path)
    {
        ArgumentNullException.ThrowIfNull(model);
        // Somebody else's data files may have any name; writing the model once more gives the same bytes in our layout.
        if (path is not null && (!model.HasExternalData || File.Exists(DataPath(path))))
            return new SavedModel(FilesOf(path), scratch: null);
        var scratch = Directory.CreateTempSubdirectory("model-opt-");
        var copy = Path.Combine(scratch.FullName, "model.onnx");
        ModelWriter.Save(model, copy);
        return new SavedModel(FilesOf(copy), scratch);
    }

    public void Dispose() => _scratch?.Delete(recursive: true);

    /// <summary>A data file counts only when the model reads it: an older one may still lie there.</summary>
    private static string[] FilesOf(string path) =>
        File.Exists(DataPath(path)) && OnnxModel.Load(path).HasExternalData ? [path, DataPath(path)] : [path];

    private static string DataPath(string path) => path + ".data";

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
