using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Turns a model into a message and a message into a file.</summary>
public static class ModelWriter
{
    /// <summary>
    /// Saves a model as <paramref name="path"/>, its big tensors in <c>path.data</c> where <paramref name="options"/> ask for it.
    /// The files appear complete or not at all, and may replace those that the model was read from.
    /// </summary>
    /// <returns>Full paths of the files written: the model, then its data file when it has one.</returns>
    /// <exception cref="InvalidModelException">The place can't be written to, or the message would exceed 2 GiB.</exception>
    public static IReadOnlyList<string> Save(OnnxModel model, string path, SaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var target = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            return Write(model, target, options ?? new SaveOptions());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailure.Explain(target, e);
        }
    }

    /// <summary>The model as one message, external data included by reference.</summary>
    /// <exception cref="InvalidModelException">The message would exceed 2 GiB.</exception>
    public static byte[] ToBytes(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ModelMessage.Of(model, new SamePlace()).RefuseOversized(path: null).Proto.ToByteArray();
    }

    /// <summary>Bytes of the files that <see cref="Save"/> would write.</summary>
    /// <param name="fileName">Name of the model's file: each tensor in a data file beside it names that one.</param>
    public static long SizeOf(OnnxModel model, SaveOptions? options = null, string fileName = "model.onnx")
    {
        ArgumentNullException.ThrowIfNull(model);
        var data = new ExternalData(DataPath(fileName));
        return Place(model, data, options ?? new SaveOptions()).Size + data.Length;
    }

    internal static ModelProto ToProto(OnnxModel model) => ModelMessage.Of(model, new SamePlace()).Proto;

    private static string[] Write(OnnxModel model, string target, SaveOptions options)
    {
        var dataPath = DataPath(target);
        var data = new ExternalData(Path.GetFileName(dataPath));
        var message = Place(model, data, options).RefuseOversized(target);
        using var files = new AtomicFiles();
        if (data.Length > 0)
            using (var stream = files.Create(dataPath, data.Length))
                data.WriteTo(stream);
        using (var stream = files.Create(target, message.Size))
            message.WriteTo(stream);
        files.Commit();
        return data.Length > 0 ? [target, dataPath] : [target];
    }

    private static string DataPath(string model) => model + ".data";

    private static ModelMessage Place(OnnxModel model, ExternalData data, SaveOptions options)
    {
        if (options.ExternalData == ExternalDataMode.Always || (options.ExternalData == ExternalDataMode.Automatic && model.HasExternalData))
            return ModelMessage.Of(model, data);
        var inline = ModelMessage.Of(model, new InlinePlace());
        var tooLarge = options.ExternalData == ExternalDataMode.Automatic && inline.Size >= options.InlineLimit;
        return tooLarge ? ModelMessage.Of(model, data) : inline;
    }
}
