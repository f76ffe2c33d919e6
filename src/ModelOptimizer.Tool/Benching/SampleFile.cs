using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tool;

/// <summary>Samples on their way to another process of this tool, which so needs neither the data nor the model to know them.</summary>
internal static class SampleFile
{
    /// <returns>False when an input is of texts, which have no elements of one size.</returns>
    public static bool TryWrite(string path, IReadOnlyList<Sample> samples)
    {
        if (samples.Any(sample => sample.Inputs.Values.Any(tensor => tensor.ElementType == DataType.String)))
            return false;
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write(samples.Count);
        foreach (var sample in samples)
        {
            writer.Write(sample.Inputs.Count);
            foreach (var (name, tensor) in sample.Inputs)
                Write(writer, name, tensor);
        }
        return true;
    }

    public static IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        return [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => ReadSample(reader))];
    }

    private static void Write(BinaryWriter writer, string name, Tensor tensor)
    {
        writer.Write(name);
        writer.Write((int)tensor.ElementType);
        writer.Write(tensor.Dimensions.Length);
        foreach (var length in tensor.Dimensions)
            writer.Write(length);
        writer.Write(tensor.Bytes.Length);
        writer.Write(tensor.Bytes);
    }

    private static Dictionary<string, Tensor> ReadSample(BinaryReader reader)
    {
        var inputs = new Dictionary<string, Tensor>();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var (name, type) = (reader.ReadString(), (DataType)reader.ReadInt32());
            var dimensions = new long[reader.ReadInt32()];
            for (var axis = 0; axis < dimensions.Length; axis++)
                dimensions[axis] = reader.ReadInt64();
            inputs.Add(name, Tensor.Over(type, dimensions, reader.ReadBytes(reader.ReadInt32())));
        }
        return inputs;
    }
}
