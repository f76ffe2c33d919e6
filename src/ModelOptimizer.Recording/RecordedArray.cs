using System.Runtime.InteropServices;
using System.Text;

namespace ModelOptimizer.Recording;

/// <summary>What one input of a model is fed with in one run: a copy of its elements.</summary>
public sealed class RecordedArray
{
    private const int Alignment = 64;

    private readonly string _description;
    private readonly byte[] _bytes;
    private readonly long[] _dimensions;

    private RecordedArray(string name, string description, byte[] bytes, long[] dimensions)
    {
        Name = name;
        _description = description;
        _bytes = bytes;
        _dimensions = dimensions;
    }

    /// <summary>The name of the input.</summary>
    public string Name { get; }

    /// <summary>Copies the elements of a tensor.</summary>
    /// <param name="name">The name of the model's input.</param>
    /// <param name="elements">Row by row, as the model takes them.</param>
    /// <param name="dimensions">The tensor's shape; none for a scalar.</param>
    /// <exception cref="ArgumentException">The shape has another number of elements, or NumPy has no such type.</exception>
    public static RecordedArray Of<T>(string name, ReadOnlySpan<T> elements, params long[] dimensions)
        where T : unmanaged
    {
        if (string.IsNullOrEmpty(name))
            throw new ArgumentException("An input has a name", nameof(name));
        if (dimensions is null)
            throw new ArgumentNullException(nameof(dimensions));
        var count = dimensions.Aggregate(1L, (product, length) => checked(product * length));
        if (count != elements.Length || dimensions.Any(length => length < 0))
            throw new ArgumentException(
                $"'{name}' has {elements.Length} elements, but its shape [{string.Join(",", dimensions)}] has {count}", nameof(dimensions));
        return new RecordedArray(name, ElementTypes.Describe(typeof(T)), MemoryMarshal.AsBytes(elements).ToArray(), [.. dimensions]);
    }

    /// <summary>
    /// Writes an <c>.npy</c> file, version 1.0: a stack of this one sample. The axis before the tensor's own says that it is to be fed whole, also where
    /// the first axis is a batch of several rows, or none.
    /// </summary>
    internal void WriteTo(Stream stream)
    {
        var shape = string.Concat(_dimensions.Select(length => $" {length},"));
        var text = $"{{'descr': '{_description}', 'fortran_order': False, 'shape': (1,{shape}), }}";
        // Magic, version and length take ten bytes, the line break one.
        var length = (text.Length + 11 + Alignment - 1) / Alignment * Alignment - 10;
        var header = Encoding.ASCII.GetBytes(text.PadRight(length - 1) + "\n");
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)length, (byte)(length >> 8)], 0, 10);
        stream.Write(header, 0, header.Length);
        stream.Write(_bytes, 0, _bytes.Length);
    }
}
