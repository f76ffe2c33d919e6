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
    /// <returns>The model that was embedded.</returns>
    /// <exception cref="DiagnosticException">The model can't be read, is too large for a resource, or can't be written.</exception>
    public static OnnxModel Embed(PlannedModel planned, string source, string folder, Func<ModelFacts, AccessorSettings>? accessor)
    {
        ArgumentNullException.ThrowIfNull(planned);
        var model = ModelProblems.Guard(() => OnnxModel.Load(source));
        ModelFacts? facts = null;
        void Look(string whole)
        {
            if (accessor is not null && planned.Embed.As != EmbedAs.None)
                facts = ModelFacts.Of(IsSame(whole, source) ? model : ModelProblems.Guard(() => OnnxModel.Load(whole)), whole);
        }

        if (planned.Embed.As == EmbedAs.Resource)
            WriteResource(planned, model, source, Path.Combine(folder, planned.Embed.Resource), Look);
        else
            Look(Place(model, source, Path.Combine(folder, planned.Output), ExternalDataMode.Automatic));
        if (facts is not null)
            WriteAccessor(Path.Combine(folder, planned.Accessor), AccessorGenerator.Generate(accessor!(facts)));
        return model;
    }

    /// <summary>A resource is a single file, so external data goes into it.</summary>
    /// <param name="look">Is shown the file with the model's uncompressed bytes.</param>
    private static void WriteResource(PlannedModel planned, OnnxModel model, string source, string resource, Action<string> look)
    {
        RefuseTooLarge(planned, model, source);
        if (planned.Embed.Compression == EmbedCompression.None)
            look(Place(model, source, resource, ExternalDataMode.Never));
        else if (model.HasExternalData)
            CompressWhole(model, resource, look);
        else
        {
            look(source);
            Compress(source, resource);
        }
    }

    private static void CompressWhole(OnnxModel model, string resource, Action<string> look)
    {
        var whole = Path.ChangeExtension(resource, ".whole");
        Save(model, whole, ExternalDataMode.Never);
        try
        {
            look(whole);
            Compress(whole, resource);
        }
        finally
        {
            File.Delete(whole);
        }
    }

    /// <summary>Brings the model to its place, if it is not there already.</summary>
    /// <returns>The place.</returns>
    private static string Place(OnnxModel model, string source, string output, ExternalDataMode externalData)
    {
        if (model.HasExternalData && (externalData == ExternalDataMode.Never || !IsSame(source, output)))
            Save(model, output, externalData);
        else if (!IsSame(source, output))
            Copy(source, output);
        return output;
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
