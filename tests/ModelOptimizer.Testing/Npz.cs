using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelOptimizer.Testing;

/// <summary>Writes NumPy archives (format 1.0) of float32 and int64.</summary>
public static class Npz
{
    /// <param name="arrays">float[] or long[], each with its shape.</param>
    public static void Write(string path, params (string Name, Array Data, int[] Shape)[] arrays)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, data, shape) in arrays)
        {
            using var stream = archive.CreateEntry($"{name}.npy").Open();
            stream.Write(Header(data is float[] ? "<f4" : "<i8", shape));
            stream.Write(data is float[] floats ? MemoryMarshal.AsBytes<float>(floats) : MemoryMarshal.AsBytes<long>((long[])data));
        }
    }

    /// <summary>Magic, version, length, and a Python literal padded to 64 bytes.</summary>
    private static byte[] Header(string type, int[] shape)
    {
        var text = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Concat(shape.Select(length => $"{length},"))}), }}";
        var padded = text.PadRight((text.Length + 11 + 63) / 64 * 64 - 11) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded.Length, (byte)(padded.Length >> 8), .. Encoding.ASCII.GetBytes(padded)];
    }
}
