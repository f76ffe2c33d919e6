using System.IO.Compression;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Embedding;

/// <summary>Makes of a model what a project embeds: one file as the resource, and the accessor.</summary>
public static class Embedder
{
    /// <summary>Resources are addressed by signed 32-bit offsets.</summary>
    private const long ResourceLimit = int.MaxValue;

    /// <summary>
    /// Writes the resource and, when asked, the accessor of a planned model, in this order: the accessor is the sign that all is done.
    /// </summary>
    /// <param name="planned">The model.</param>
    /// <param name="source">The model file to embed: the optimized one, or the original where optimizing is switched off.</param>
    /// <param name="folder">Where resource and accessor go: the plan's folder for an optimized model, another for an original.</param>
    /// <param name="accessor">How the accessor is written; null when the project's language has none.</param>
    /// <exception cref="DiagnosticException">The model can't be read, is too large for a resource, or can't be written.</exception>
    public static void Embed(PlannedModel planned, string source, string folder, Func<ModelSignature, AccessorSettings>? accessor)
    {
        ArgumentNullException.ThrowIfNull(planned);
        var model = ModelProblems.Guard(() => OnnxModel.Load(source));
        if (planned.Embed.As == EmbedAs.Resource)
            WriteResource(planned, model, source, Path.Combine(folder, planned.Embed.Resource));
        else
            Place(model, source, Path.Combine(folder, planned.Output), ExternalDataMode.Automatic);
        if (accessor is not null && planned.Embed.As != EmbedAs.None)
            WriteAccessor(Path.Combine(folder, planned.Accessor), AccessorGenerator.Generate(accessor(ModelSignature.Of(model))));
    }

    /// <summary>A resource is a single file, so external data goes into it.</summary>
    private static void WriteResource(PlannedModel planned, OnnxModel model, string source, string resource)
    {
        RefuseTooLarge(planned, model, source);
        if (planned.Embed.Compression == EmbedCompression.None)
            Place(model, source, resource, ExternalDataMode.Never);
        else if (!model.HasExternalData)
            Compress(source, resource);
        else
            CompressWhole(model, resource);
    }

    private static void CompressWhole(OnnxModel model, string resource)
    {
        var whole = Path.ChangeExtension(resource, ".whole");
        Save(model, whole, ExternalDataMode.Never);
        try
        {
            Compress(whole, resource);
        }
        finally
        {
            File.Delete(whole);
        }
    }

    /// <summary>Brings the model to its place, if it is not there already.</summary>
    private static void Place(OnnxModel model, string source, string output, ExternalDataMode externalData)
    {
        if (model.HasExternalData && (externalData == ExternalDataMode.Never || !IsSame(source, output)))
            Save(model, output, externalData);
        else if (!IsSame(source, output))
            Copy(source, output);
    }

    private static bool IsSame(string one, string other) => Path.GetFullPath(one) == Path.GetFullPath(other);

    private static void Save(OnnxModel model, string output, ExternalDataMode externalData) => ModelProblems.Guard(() =>
    {
        ModelWriter.Save(model, output, new SaveOptions { ExternalData = externalData });
        return output;
    });

    private static void Copy(string source, string target) => WholeFile.Write(target, stream =>
    {
        using var input = File.OpenRead(source);
        input.CopyTo(stream);
    });

    private static void RefuseTooLarge(PlannedModel planned, OnnxModel model, string source)
    {
        var bytes = model.ExternalFiles.Append(source).Sum(file => new FileInfo(file).Length);
        if (bytes > ResourceLimit)
            throw new DiagnosticException(DiagnosticCatalog.ResourceTooLarge,
                $"'{planned.Name}' has {bytes:N0} bytes, and a resource can't exceed 2 GiB. Embed it as Content: 'embed: {{ as: content }}'",
                new SourceLocation(planned.Profile));
    }

    /// <summary>Quality 9 is the last before Brotli becomes ten times slower.</summary>
    private static void Compress(string source, string target) => WholeFile.Write(target, stream =>
    {
        using var input = File.OpenRead(source);
        using var brotli = new BrotliStream(stream, new BrotliCompressionOptions { Quality = 9 }, leaveOpen: true);
        input.CopyTo(brotli);
    });

    private static void WriteAccessor(string path, string source) => WholeFile.Write(path, System.Text.Encoding.UTF8.GetBytes(source));
}
