namespace ModelOptimizer.Onnx.Tests;

/// <summary>A folder of its own for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("model-optimizer-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public IEnumerable<string> FileNames => Directory.EnumerateFileSystemEntries(Path).Select(System.IO.Path.GetFileName).Order()!;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
