namespace ModelOptimizer.Onnx;

/// <summary>One external data file, shared by all tensors that lie in it and mapped when the first of them is read.</summary>
internal sealed class ExternalFile(string path)
{
    private readonly Lazy<MappedFile> _mapped = new(() => MappedFile.Open(path));

    public string Path { get; } = path;

    public ReadOnlySpan<T> Slice<T>(long offset, long byteCount, string tensor) where T : unmanaged
    {
        var file = _mapped.Value;
        if (offset > file.Length - byteCount)
            throw new InvalidModelException(ModelProblem.ExternalDataTooShort,
                $"Tensor '{tensor}' needs bytes {offset} to {offset + byteCount}, but the file ends at {file.Length}", Path);
        return file.Slice<T>(offset, byteCount);
    }
}
