using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Elements of every type, from raw bytes and from typed fields, against values worked out by hand.</summary>
public sealed class TensorElementTests
{
    private const float NaN = float.NaN;

    [TestCase(DataType.Float, "0000C03F 000000C0", new[] { 1.5f, -2 })]
    [TestCase(DataType.Double, "000000000000F83F 00000000000000C0", new[] { 1.5f, -2 })]
    [TestCase(DataType.Float16, "003E 00C0 0100 007C", new[] { 1.5f, -2, 5.9604645e-8f, float.PositiveInfinity })]
    [TestCase(DataType.BFloat16, "C03F 00C0 807F", new[] { 1.5f, -2, float.PositiveInfinity })]
    [TestCase(DataType.Float8E4M3FN, "00 01 08 38 7E 7F B8 FF", new[] { 0, 0.001953125f, 0.015625f, 1, 448, NaN, -1, NaN })]
    [TestCase(DataType.Float8E4M3FNUZ, "00 01 40 7F 80 C0", new[] { 0, 0.0009765625f, 1, 240, NaN, -1 })]
    [TestCase(DataType.Float8E5M2, "01 3C 7B 7C FC 7E C0", new[] { 1.5258789e-5f, 1, 57344, float.PositiveInfinity, float.NegativeInfinity, NaN, -2 })]
    [TestCase(DataType.Float8E5M2FNUZ, "01 40 7F 80 C4", new[] { 7.6293945e-6f, 1, 57344, NaN, -2 })]
    [TestCase(DataType.Float8E8M0, "00 7F 80 FE FF", new[] { 5.877472e-39f, 1, 2, 1.7014118e38f, NaN })]
    [TestCase(DataType.Float4E2M1, "10 32 54 76 98", new[] { 0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f })]
    [TestCase(DataType.Int64, "FEFFFFFFFFFFFFFF", new[] { -2f })]
    [TestCase(DataType.UInt64, "FFFFFFFFFFFFFFFF", new[] { 18446744073709551615f })]
    [TestCase(DataType.Int32, "FEFFFFFF", new[] { -2f })]
    [TestCase(DataType.UInt32, "FEFFFFFF", new[] { 4294967294f })]
    [TestCase(DataType.Int16, "FEFF", new[] { -2f })]
    [TestCase(DataType.UInt16, "FEFF", new[] { 65534f })]
    [TestCase(DataType.Int8, "FE 7F", new[] { -2f, 127 })]
    [TestCase(DataType.UInt8, "FE 7F", new[] { 254f, 127 })]
    [TestCase(DataType.Bool, "01 00", new[] { 1f, 0 })]
    [TestCase(DataType.Int4, "78 0F", new[] { -8f, 7, -1 })]
    [TestCase(DataType.UInt4, "78 0F", new[] { 8f, 7, 15 })]
    [TestCase(DataType.Int2, "E4 02", new[] { 0f, 1, -2, -1, -2 })]
    [TestCase(DataType.UInt2, "E4 02", new[] { 0f, 1, 2, 3, 2 })]
    public void As_floats(DataType type, string raw, float[] expected)
    {
        var proto = new TensorProto { DataType = (int)type, Dims = { expected.Length }, RawData = ByteString.CopyFrom(Hex(raw)) };
        Assert.That(Read(proto).ToFloats(), Is.EqualTo(expected));
    }

    [TestCase(DataType.Int64, "FEFFFFFFFFFFFFFF 0000000000000080", new[] { -2, long.MinValue })]
    [TestCase(DataType.UInt32, "FEFFFFFF", new[] { 4294967294L })]
    [TestCase(DataType.Int8, "80", new[] { -128L })]
    [TestCase(DataType.Bool, "01", new[] { 1L })]
    [TestCase(DataType.Int4, "78", new[] { -8L, 7 })]
    [TestCase(DataType.UInt2, "E4", new[] { 0L, 1, 2, 3 })]
    public void As_integers(DataType type, string raw, long[] expected)
    {
        var proto = new TensorProto { DataType = (int)type, Dims = { expected.Length }, RawData = ByteString.CopyFrom(Hex(raw)) };
        Assert.That(Read(proto).ToInt64s(), Is.EqualTo(expected));
    }

    [TestCase(DataType.Int32, new[] { -2, 3 }, "FEFFFFFF 03000000", 2)]
    [TestCase(DataType.Int16, new[] { -2, 3 }, "FEFF 0300", 2)]
    [TestCase(DataType.UInt16, new[] { 65534, 3 }, "FEFF 0300", 2)]
    [TestCase(DataType.Int8, new[] { -2, 3 }, "FE 03", 2)]
    [TestCase(DataType.UInt8, new[] { 254, 3 }, "FE 03", 2)]
    [TestCase(DataType.Bool, new[] { 1, 0 }, "01 00", 2)]
    [TestCase(DataType.Float16, new[] { 0x3C00, 0xC000 }, "003C 00C0", 2)]
    [TestCase(DataType.BFloat16, new[] { 0x3F80, 0xC000 }, "803F 00C0", 2)]
    [TestCase(DataType.Float8E4M3FN, new[] { 0x38, 0xB8 }, "38 B8", 2)]
    [TestCase(DataType.Float8E5M2, new[] { 0x3C, 0xBC }, "3C BC", 2)]
    [TestCase(DataType.UInt4, new[] { 0x21, 0x03 }, "21 03", 3)]
    [TestCase(DataType.Int4, new[] { 0xF8, 0x07 }, "F8 07", 3)]
    [TestCase(DataType.Float4E2M1, new[] { 0x72 }, "72", 2)]
    [TestCase(DataType.UInt2, new[] { 0xE4, 0x01 }, "E4 01", 5)]
    public void From_int32_data(DataType type, int[] entries, string packed, int count)
    {
        var proto = new TensorProto { DataType = (int)type, Dims = { count }, Int32Data = { entries } };
        Assert.That(Read(proto).Bytes.ToArray(), Is.EqualTo(Hex(packed)));
    }

    [Test]
    public void From_the_other_typed_fields()
    {
        Assert.That(Read(new TensorProto { DataType = 1, Dims = { 2 }, FloatData = { 1.5f, -2 } }).AsSpan<float>().ToArray(), Is.EqualTo(new[] { 1.5f, -2 }));
        Assert.That(Read(new TensorProto { DataType = 11, Dims = { 1 }, DoubleData = { 1.5 } }).AsSpan<double>().ToArray(), Is.EqualTo(new[] { 1.5 }));
        Assert.That(Read(new TensorProto { DataType = 7, Dims = { 1 }, Int64Data = { -7 } }).AsSpan<long>().ToArray(), Is.EqualTo(new[] { -7L }));
        Assert.That(Read(new TensorProto { DataType = 13, Dims = { 1 }, Uint64Data = { 7 } }).AsSpan<ulong>().ToArray(), Is.EqualTo(new[] { 7UL }));
        Assert.That(Read(new TensorProto { DataType = 12, Dims = { 1 }, Uint64Data = { 7 } }).AsSpan<uint>().ToArray(), Is.EqualTo(new[] { 7U }));
        Assert.That(Read(new TensorProto { DataType = 14, Dims = { 1 }, FloatData = { 1, -2 } }).AsSpan<float>().ToArray(), Is.EqualTo(new[] { 1f, -2 }));
    }

    [Test]
    public void Strings_are_bytes_in_order()
    {
        var tensor = Read(new TensorProto { DataType = (int)DataType.String, Dims = { 2 }, StringData = { ByteString.CopyFromUtf8("ä"), ByteString.Empty } });
        Assert.That(tensor.Strings.Select(s => s.ToArray()), Is.EqualTo(new[] { new byte[] { 0xC3, 0xA4 }, [] }));
        Assert.That(tensor.ByteCount, Is.EqualTo(2));
    }

    [Test]
    public void A_sparse_tensor_reads_as_dense_by_linear_index_or_coordinates()
    {
        var linear = Sparse([2, 3], indexDims: [2], 1, 5);
        var coordinates = Sparse([2, 3], indexDims: [2, 2], 0, 1, 1, 2);

        Assert.That(linear.ToFloats(), Is.EqualTo(new[] { 0f, 7, 0, 0, 0, 8 }));
        Assert.That(coordinates.ToFloats(), Is.EqualTo(new[] { 0f, 7, 0, 0, 0, 8 }));
    }

    [Test]
    public void Every_element_type_has_a_width_and_a_name()
    {
        foreach (var type in Enum.GetValues<DataType>().Except([DataType.Undefined, DataType.String]))
            Assert.That(type.BitWidth(), Is.Positive, type.ToString());
        Assert.That(DataType.BFloat16.ToOnnxName(), Is.EqualTo("bfloat16"));
        Assert.That(DataType.Int4.ByteCount(3), Is.EqualTo(2));
        Assert.That(DataType.UInt2.ByteCount(5), Is.EqualTo(2));
    }

    private static Tensor Sparse(long[] dims, long[] indexDims, params long[] indices)
    {
        var graph = Graph(["x"], ["x"]);
        graph.SparseInitializer.Add(new SparseTensorProto
        {
            Values = Floats("s", 7, 8),
            Indices = new TensorProto { DataType = (int)DataType.Int64, Dims = { indexDims }, Int64Data = { indices } },
            Dims = { dims },
        });
        return Load(graph).Graph.Initializers[0].Initializer!;
    }

    private static Tensor Read(TensorProto proto)
    {
        proto.Name = "t";
        return Load(Graph(["x"], ["x"]).With(proto)).Graph.Initializers[0].Initializer!;
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
