using System.IO.Compression;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SavedModelTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase(ExternalDataMode.Never)]
    [TestCase(ExternalDataMode.Always)]
    public void The_size_is_that_of_all_files(ExternalDataMode mode)
    {
        ModelWriter.Save(Model(), _folder["m.onnx"], new SaveOptions { ExternalData = mode });
        var model = OnnxModel.Load(_folder["m.onnx"]);
        using var saved = SavedModel.Of(model, SavedModel.SourceOf(model));

        Assert.That(saved.Bytes, Is.EqualTo(new DirectoryInfo(_folder.Path).GetFiles().Sum(file => file.Length)).And.GreaterThan(16_000));
    }

    [Test]
    public void A_data_file_that_the_model_does_not_read_does_not_count()
    {
        ModelWriter.Save(Model(), _folder["m.onnx"]);
        _folder.WriteText("m.onnx.data", "left over");
        var model = OnnxModel.Load(_folder["m.onnx"]);
        using var saved = SavedModel.Of(model, SavedModel.SourceOf(model));

        Assert.That(saved.Bytes, Is.EqualTo(new FileInfo(_folder["m.onnx"]).Length));
    }

    [Test]
    public void A_model_in_memory_has_the_size_that_it_would_have_as_a_file()
    {
        ModelWriter.Save(Model(), _folder["m.onnx"]);
        using var saved = SavedModel.Of(Model(), SavedModel.SourceOf(Model()));

        Assert.That(saved.Bytes, Is.EqualTo(new FileInfo(_folder["m.onnx"]).Length));
    }

    [Test]
    public void Compression_spans_all_files_and_finds_what_repeats()
    {
        ModelWriter.Save(Model(), _folder["m.onnx"]);
        using var saved = SavedModel.Of(Model(), [_folder["m.onnx"]]);
        using var expected = new MemoryStream();
        using (var brotli = new BrotliStream(expected, new BrotliCompressionOptions { Quality = 5 }, leaveOpen: true))
            brotli.Write(File.ReadAllBytes(_folder["m.onnx"]));

        Assert.That(saved.CompressedBytes, Is.EqualTo(expected.Length).And.LessThan(1_000));
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 4096);
        g.Output("y", g.Op("Add", x, g.Initializer("zeros", [4096], new float[4096])), x.Type);
        return g.Build();
    }
}
