using System.IO.Compression;
using ModelOptimizer.Embedding;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>What is embedded is the model, in one piece where it must be.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EmbedderTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("embedder").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    private string Original => Path.Combine(_folder, "original.onnx");

    private string Output => Path.Combine(_folder, "out", "m.onnx");

    [Test]
    public void An_original_is_taken_as_it_is()
    {
        Save(ExternalDataMode.Never);
        Embed(EmbedAs.Resource);
        Assert.That(File.ReadAllBytes(Output), Is.EqualTo(File.ReadAllBytes(Original)));
    }

    [Test]
    public void A_resource_takes_external_data_in_and_content_keeps_it_beside()
    {
        Save(ExternalDataMode.Always);
        Embed(EmbedAs.Resource);
        Assert.That(OnnxModel.Load(Output).HasExternalData, Is.False);
        Assert.That(Weight(Output), Is.EqualTo(Weight(Original)));

        Embed(EmbedAs.Content);
        Assert.That(OnnxModel.Load(Output).ExternalFiles, Is.EqualTo(new[] { Output + ".data" }));
        Assert.That(Weight(Output), Is.EqualTo(Weight(Original)));
    }

    [Test]
    public void A_compressed_resource_is_the_model_again()
    {
        Save(ExternalDataMode.Never);
        Embed(EmbedAs.Resource, EmbedCompression.Brotli);
        var bytes = Decompressed();
        Assert.That(bytes, Is.EqualTo(File.ReadAllBytes(Original)));
        Assert.That(new FileInfo(Output + ".br").Length, Is.LessThan(bytes.Length));
    }

    [TestCase(EmbedAs.Resource, EmbedCompression.None)]
    [TestCase(EmbedAs.Resource, EmbedCompression.Brotli)]
    [TestCase(EmbedAs.Content, EmbedCompression.None)]
    public void The_accessor_tells_size_and_hash_of_what_a_runtime_gets(EmbedAs embedAs, EmbedCompression compression)
    {
        foreach (var mode in new[] { ExternalDataMode.Never, ExternalDataMode.Always })
        {
            Save(mode);
            Embed(embedAs, compression);
            var bytes = compression == EmbedCompression.Brotli ? Decompressed() : File.ReadAllBytes(Output);
            var source = File.ReadAllText(Path.Combine(_folder, "out", "m.g.cs"));
            Assert.That(source, Does.Contain($"SizeBytes = {bytes.Length};"));
            Assert.That(source, Does.Contain($"Sha256 = \"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))}\";"));
            Assert.That(source, Does.Contain("OriginalName = \"original.onnx\";"));
            Assert.That(Directory.GetFiles(Path.Combine(_folder, "out"), "*.whole"), Is.Empty);
        }
    }

    [Test]
    public void A_compressed_resource_takes_external_data_in()
    {
        Save(ExternalDataMode.Always);
        Embed(EmbedAs.Resource, EmbedCompression.Brotli);
        var whole = Path.Combine(_folder, "whole.onnx");
        using (var brotli = new BrotliStream(File.OpenRead(Output + ".br"), CompressionMode.Decompress))
        using (var file = File.Create(whole))
            brotli.CopyTo(file);
        Assert.That(OnnxModel.Load(whole).HasExternalData, Is.False);
        Assert.That(Weight(whole), Is.EqualTo(Weight(Original)));
    }

    [Test]
    public void The_accessor_comes_last_and_only_where_something_is_embedded()
    {
        Save(ExternalDataMode.Never);
        Embed(EmbedAs.None);
        Assert.That(File.Exists(Path.Combine(_folder, "out", "m.g.cs")), Is.False);
        Embed(EmbedAs.Resource);
        Assert.That(File.ReadAllText(Path.Combine(_folder, "out", "m.g.cs")), Does.Contain("float[1,256]"));
    }

    private byte[] Decompressed()
    {
        using var brotli = new BrotliStream(File.OpenRead(Output + ".br"), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        brotli.CopyTo(bytes);
        return bytes.ToArray();
    }

    private void Embed(EmbedAs embedAs, EmbedCompression compression = EmbedCompression.None)
    {
        var resource = compression == EmbedCompression.Brotli ? "m.onnx.br" : "m.onnx";
        var planned = new PlannedModel("m", "original.onnx", "p.yaml", [], [], "m.onnx", "m.g.cs",
            new EmbedPlan(embedAs, compression, "M", "", resource, "m.onnx", resource));
        Embedder.Embed(planned, Original, Path.Combine(_folder, "out"), facts => new AccessorSettings("m", "original.onnx", planned.Embed, facts));
    }

    private void Save(ExternalDataMode mode)
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", DataType.Float, 1, 256);
        graph.Output("y", graph.Op("Add", x, graph.Initializer("w", [256], Enumerable.Range(0, 256).Select(i => i / 3f).ToArray())), new TensorType(DataType.Float, Shape.Of(1, 256)));
        ModelWriter.Save(graph.Build(), Original, new SaveOptions { ExternalData = mode });
    }

    private static float[] Weight(string path) => OnnxModel.Load(path).Graph.Initializers.Single().Initializer!.AsSpan<float>().ToArray();
}
