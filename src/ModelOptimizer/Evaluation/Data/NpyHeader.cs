using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// What an <c>.npy</c> file says before its elements (NEP 1; versions 1.0, 2.0 and 3.0): a Python dictionary with element type, order and shape.
/// </summary>
/// <param name="Description">NumPy's spelling of the type, e.g. <c>&lt;f4</c>.</param>
/// <param name="IsFortranOrder">True when the first axis varies fastest.</param>
/// <param name="Dimensions">Length of each axis; empty for a scalar.</param>
internal sealed partial record NpyHeader(string Description, bool IsFortranOrder, ImmutableArray<long> Dimensions)
{
    private const int MaximalLength = 1 << 20;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>The element type; undefined when a model can't be fed with it.</summary>
    public DataType ElementType => Description is ['<' or '|' or '=', .. var kind] ? kind switch
    {
        "b1" => DataType.Bool,
        "i1" => DataType.Int8,
        "u1" => DataType.UInt8,
        "i2" => DataType.Int16,
        "u2" => DataType.UInt16,
        "i4" => DataType.Int32,
        "u4" => DataType.UInt32,
        "i8" => DataType.Int64,
        "u8" => DataType.UInt64,
        "f2" => DataType.Float16,
        "f4" => DataType.Float,
        "f8" => DataType.Double,
        "c8" => DataType.Complex64,
        "c16" => DataType.Complex128,
        _ => DataType.Undefined,
    } : DataType.Undefined;

    /// <summary>Why the elements can't be used, with the remedy; null when they can.</summary>
    public string? WhyUnusable => this switch
    {
        { ElementType: not DataType.Undefined, IsFortranOrder: true, Dimensions.Length: > 1 } =>
            "is in Fortran order; save np.ascontiguousarray(x)",
        { ElementType: not DataType.Undefined } => null,
        { Description: ['>', ..] } => $"is big-endian ('{Description}'); save x.astype(x.dtype.newbyteorder('<'))",
        { Description: ['|', 'O', ..] } => "holds Python objects; save one numeric array per input",
        { Description: [_, 'U' or 'S', ..] } => "holds text, not numbers",
        _ => $"has the element type {Description}, which no model input takes",
    };

    /// <summary>Reads up to the first element.</summary>
    /// <exception cref="InvalidDataException">This is no <c>.npy</c> file; the message says why.</exception>
    /// <exception cref="EndOfStreamException">The file ends within the header.</exception>
    public static NpyHeader Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[8];
        stream.ReadExactly(start);
        if (!start[..6].SequenceEqual(Magic))
            throw new InvalidDataException("it does not start like an .npy file");
        var text = new byte[ReadLength(stream, start[6])];
        stream.ReadExactly(text);
        return Parse(Encoding.UTF8.GetString(text));
    }

    private static int ReadLength(Stream stream, int majorVersion)
    {
        Span<byte> bytes = stackalloc byte[4];
        var used = majorVersion switch
        {
            1 => bytes[..2],
            2 or 3 => bytes,
            _ => throw new InvalidDataException($"version {majorVersion} of the .npy format is not known"),
        };
        stream.ReadExactly(used);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length <= MaximalLength ? (int)length : throw new InvalidDataException($"its header claims {length} bytes");
    }

    private static NpyHeader Parse(string text)
    {
        var description = DescriptionEntry().Match(text);
        var order = OrderEntry().Match(text);
        var shape = ShapeEntry().Match(text);
        if (!description.Success || !order.Success || !shape.Success)
            throw new InvalidDataException("its header lacks descr, fortran_order or shape");
        var type = description.Groups["record"].Success ? "record" : description.Groups["scalar"].Value;
        return new NpyHeader(type, order.Groups[1].Value == "True", ParseShape(shape.Groups[1].Value));
    }

    private static ImmutableArray<long> ParseShape(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        // Python 2 marked long integers with an L.
        return [.. parts.Select(part => long.TryParse(part.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : throw new InvalidDataException($"its shape has the entry '{part}'"))];
    }

    [GeneratedRegex("""'descr'\s*:\s*(?:'(?<scalar>[^']*)'|(?<record>\[))""")]
    private static partial Regex DescriptionEntry();

    [GeneratedRegex("""'fortran_order'\s*:\s*(True|False)""")]
    private static partial Regex OrderEntry();

    [GeneratedRegex("""'shape'\s*:\s*\(([^)]*)\)""")]
    private static partial Regex ShapeEntry();
}
