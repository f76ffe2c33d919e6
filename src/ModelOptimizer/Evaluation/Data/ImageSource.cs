using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Pictures as samples, one file after the other.</summary>
internal sealed class ImageSource(IReadOnlyList<string> files, ImageForm form, int batch)
{
    /// <exception cref="DiagnosticException">A file can't be read, or pictures don't fit together.</exception>
    public IEnumerable<Sample> Read()
    {
        var rows = (int)(form.FixedBatch ?? batch);
        if (files.Count < rows && form.FixedBatch is not null)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch, $"Input '{form.Input.Name}' takes {rows} pictures at a time, but there are {files.Count}",
                new SourceLocation(files[0]));
        // A fixed batch can't take what is left over.
        return files.Chunk(rows).Where(chunk => chunk.Length == rows || form.FixedBatch is null).Select(Sample);
    }

    private Sample Sample(string[] chunk) => new(new Dictionary<string, Tensor>
    {
        [form.Input.Name] = RowStack.Of([.. chunk.Select(Tensor)], chunk[0], "give 'size', or 'batch: 1'"),
    })
    {
        Source = chunk[0],
        Rows = chunk.Length,
    };

    private Tensor Tensor(string file)
    {
        var picture = Picture.Load(file);
        return PictureTensor.Of(form.Size is { } size ? PictureResizer.Fit(picture, size, form.Resize, form.Fill) : picture, form);
    }
}
