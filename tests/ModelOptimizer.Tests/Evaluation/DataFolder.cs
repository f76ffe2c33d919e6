using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>A folder that lives as long as a test, with NumPy's formats written byte by byte.</summary>
internal sealed class DataFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("model-opt-data-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public string WriteText(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string WriteNpz(string name, params (string Array, byte[] Npy)[] arrays) => WriteNpz(name, CompressionLevel.Fastest, arrays);

    public string WriteNpz(string name, CompressionLevel level, params (string Array, byte[] Npy)[] arrays)
    {
        using var archive = ZipFile.Open(this[name], ZipArchiveMode.Create);
        foreach (var (array, npy) in arrays)
            using (var stream = archive.CreateEntry(array + ".npy", level).Open())
                stream.Write(npy);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>An <c>.npy</c> file of version 1.0.</summary>
    public static byte[] Npy<T>(string descr, string shape, params T[] elements) where T : unmanaged =>
        Npy(descr, shape, fortran: false, version: 1, elements);

    public static byte[] Npy<T>(string descr, string shape, bool fortran, byte version, params T[] elements) where T : unmanaged
    {
        var text = $"{{'descr': {descr}, 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}\n";
        byte[] length = version == 1 ? [(byte)text.Length, 0] : [(byte)text.Length, 0, 0, 0];
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. Encoding.Latin1.GetBytes(text), .. MemoryMarshal.AsBytes(elements.AsSpan())];
    }

    public static byte[] Floats(string shape, params float[] elements) => Npy("'<f4'", shape, elements);

    public static byte[] Longs(string shape, params long[] elements) => Npy("'<i8'", shape, elements);

    /// <summary>A model's wish for inputs such as <c>("x", "float", [batch, 3])</c>; -1 is a free axis.</summary>
    public static DataRequest Request(params (string Name, DataType Type, long[]? Shape)[] inputs) => new(
        [.. inputs.Select(i => new NamedType(i.Name, new TensorType(i.Type, ToShape(i.Shape))))], ["y"]);

    private static Shape? ToShape(long[]? lengths) =>
        lengths is null ? null : new Shape([.. lengths.Select(length => length < 0 ? Dimension.Unknown : length)]);
}
