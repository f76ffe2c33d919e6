using System.IO.Compression;
using System.Numerics;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NpyTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<TestCaseData> ElementTypes =>
    [
        Case("'|b1'", DataType.Bool, true, false, true),
        Case<sbyte>("'|i1'", DataType.Int8, -1, 2, -128),
        Case<byte>("'|u1'", DataType.UInt8, 1, 2, 255),
        Case<short>("'<i2'", DataType.Int16, -1, 2, short.MinValue),
        Case<ushort>("'<u2'", DataType.UInt16, 1, 2, ushort.MaxValue),
        Case("'<i4'", DataType.Int32, -1, 2, int.MinValue),
        Case("'<u4'", DataType.UInt32, 1u, 2u, uint.MaxValue),
        Case("'<i8'", DataType.Int64, -1L, 2L, long.MinValue),
        Case("'<u8'", DataType.UInt64, 1UL, 2UL, ulong.MaxValue),
        Case("'<f2'", DataType.Float16, (Half)1.5, (Half)(-2), Half.MaxValue),
        Case("'<f4'", DataType.Float, 1.5f, -2f, float.NaN),
        Case("'<f8'", DataType.Double, 1.5, -2, double.PositiveInfinity),
        Case("'<c16'", DataType.Complex128, new Complex(1, 2), new Complex(3, 4), Complex.Zero),
    ];

    private static TestCaseData Case<T>(string descr, DataType type, params T[] elements) where T : unmanaged
    {
        Action<Tensor> check = tensor => Assert.That(tensor.AsSpan<T>().ToArray(), Is.EqualTo(elements));
        return new TestCaseData(DataFolder.Npy(descr, "(1, 3)", elements), type, check).SetArgDisplayNames(descr);
    }

    [TestCaseSource(nameof(ElementTypes))]
    public void An_array_of_each_element_type_is_read(byte[] npy, DataType type, Action<Tensor> check)
    {
        var file = _folder.WriteNpz("data.npz", ("x", npy));

        var sample = new DataSet([file], DataFolder.Request(("x", type, [-1, 3]))).Read().Single();

        Assert.That(sample.Inputs["x"].ElementType, Is.EqualTo(type));
        check(sample.Inputs["x"]);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void All_versions_of_the_header_are_read(byte version)
    {
        var npy = DataFolder.Npy("'<f4'", "(2L,)", fortran: false, version, 1f, 2f);
        var header = NpyHeader.Read(new MemoryStream(npy));

        Assert.That(header.Dimensions, Is.EqualTo(new[] { 2L }));
    }

    [TestCase("'>f4'", false, "big-endian", TestName = "Big-endian arrays are refused with the remedy")]
    [TestCase("'<f4'", true, "Fortran order", TestName = "Fortran order is refused with the remedy")]
    [TestCase("'|O'", false, "Python objects", TestName = "Pickled objects are refused")]
    [TestCase("'<U15'", false, "text", TestName = "Text is refused")]
    [TestCase("'<M8[ns]'", false, "<M8[ns]", TestName = "Dates are refused")]
    [TestCase("[('a', '<f4')]", false, "record", TestName = "Records are refused")]
    public void Arrays_that_no_model_takes_are_refused(string descr, bool fortran, string reason)
    {
        var npy = DataFolder.Npy(descr, "(1, 3)", fortran, version: 1, 1f, 2f, 3f);
        var file = _folder.WriteNpz("data.npz", ("x", npy), ("unused", DataFolder.Floats("(1,)", 1)));

        var problem = Fail(file);

        Assert.That(problem.Code, Is.EqualTo("MO5004"));
        Assert.That(problem.Message, Does.Contain("'x'").And.Contain(reason));
        Assert.That(problem.Location!.File, Is.EqualTo(file));
    }

    [Test]
    public void A_truncated_array_is_unreadable()
    {
        var npy = DataFolder.Floats("(1, 3)", 1, 2);

        Assert.That(Fail(_folder.WriteNpz("data.npz", ("x", npy))), Has.Property("Code").EqualTo("MO5003")
            .And.Message.Contains("'x'").And.Message.Contains("ends too early"));
    }

    [Test]
    public void A_truncated_archive_is_unreadable()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 3)", 1, 2, 3)));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^30]);

        Assert.That(Fail(file), Has.Property("Code").EqualTo("MO5003"));
    }

    [Test]
    public void A_flipped_bit_of_a_stored_array_is_found_by_its_checksum()
    {
        var file = _folder.WriteNpz("data.npz", CompressionLevel.NoCompression, ("x", DataFolder.Floats("(1, 3)", 1, 2, 123.456f)));
        var bytes = File.ReadAllBytes(file);
        var at = bytes.AsSpan().IndexOf(BitConverter.GetBytes(123.456f));
        bytes[at] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.That(Fail(file), Has.Property("Code").EqualTo("MO5003").And.Message.Contains("checksum"));
    }

    [TestCase("")]
    [TestCase("<!DOCTYPE html>")]
    [TestCase("PK\u0003\u0004 but no archive")]
    public void A_file_that_is_no_archive_is_unreadable(string content) =>
        Assert.That(Fail(_folder.WriteText("data.npz", content)), Has.Property("Code").EqualTo("MO5003"));

    [TestCase("no numpy")]
    [TestCase("\u0093NUMPY\u0009\u0000")]
    public void An_array_without_a_header_is_unreadable(string content)
    {
        var file = _folder.Write("x.npy", System.Text.Encoding.Latin1.GetBytes(content));

        Assert.That(Fail(file), Has.Property("Code").EqualTo("MO5003"));
    }

    [Test]
    public void Files_that_are_refused_are_closed()
    {
        var html = _folder.WriteText("html.npz", "<!DOCTYPE html>");
        var headless = _folder.WriteNpz("headless.npz", ("x", "no numpy"u8.ToArray()));

        foreach (var file in new[] { html, headless })
        {
            Assert.That(() => new NpzFile(file), Throws.InstanceOf<DiagnosticException>());
            AssertClosed(file);
        }
    }

    [Test]
    public void Arrays_are_closed_when_another_cannot_be_opened()
    {
        var file = _folder.Write("x.npy", DataFolder.Floats("(1, 3)", 1, 2, 3));
        var header = NpyHeader.Read(new MemoryStream(File.ReadAllBytes(file)));
        var changed = _folder.Write("y.npy", "no numpy"u8.ToArray());
        DataArray[] arrays = [new("x", file, header, () => File.OpenRead(file)), new("y", changed, header, () => File.OpenRead(changed))];
        var set = new ArraySet(_folder.Path, arrays, DataFolder.Request(("x", DataType.Float, [-1, 3]), ("y", DataType.Float, [-1, 3])));

        Assert.That(() => set.Read().ToList(), Throws.InstanceOf<DiagnosticException>());
        AssertClosed(file);
        AssertClosed(changed);
    }

    /// <summary>Nobody may share the file: who has it open still is in the way.</summary>
    private static void AssertClosed(string file) =>
        Assert.That(() => new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose(), Throws.Nothing, file);

    private static Diagnostic Fail(string file) => Assert.Throws<DiagnosticException>(
        () => _ = new DataSet([file], DataFolder.Request(("x", DataType.Float, [-1, 3]))).Read().ToArray())!.Diagnostics[0];
}
