using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Pictures as samples, one file after the other.</summary>
/// <param name="labels">What their classes are; null where nobody asks.</param>
internal sealed class ImageSource(IReadOnlyList<string> files, ImageForm form, int batch, PictureLabels? labels)
{
    private int Rows => (int)(form.FixedBatch ?? batch);

    /// <summary>How many samples there are. A fixed batch can't take what is left over.</summary>
    public int Count => form.FixedBatch is null ? (files.Count + Rows - 1) / Rows : files.Count / Rows;

    /// <param name="isWanted">Takes a sample's place; those not wanted are not opened.</param>
    /// <exception cref="DiagnosticException">A file can't be read, or pictures don't fit together.</exception>
    public IEnumerable<Sample> Read(Predicate<int> isWanted) => Count > 0
        ? files.Chunk(Rows).Take(Count).Where((_, index) => isWanted(index)).Select(Sample)
        : throw new DiagnosticException(DiagnosticCatalog.DataMismatch, $"Input '{form.Input.Name}' takes {Rows} pictures at a time, but there are {files.Count}",
            new SourceLocation(files[0]));

    private Sample Sample(string[] chunk) => new(new Dictionary<string, Tensor>
    {
        [form.Input.Name] = RowStack.Of([.. chunk.Select(Tensor)], chunk[0], "give 'size', or 'batch: 1'"),
    })
    {
        Source = chunk[0],
        Rows = chunk.Length,
        Labels = labels is null ? null : Onnx.Tensor.Create(DataType.Int64, [chunk.Length], chunk.Select(labels.Of).ToArray()),
    };

    private Tensor Tensor(string file)
    {
        var picture = Picture.Load(file);
        return PictureTensor.Of(form.Size is { } size ? PictureResizer.Fit(picture, size, form.Resize, form.Fill) : picture, form);
    }
}
