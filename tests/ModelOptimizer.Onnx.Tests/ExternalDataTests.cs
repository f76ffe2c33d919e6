using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Is_read_from_its_place_in_the_file()
    {
        File.WriteAllBytes(_folder["d"], [9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 64]);
        var tensor = LoadWith(External("w", 2, "d", offset: 4, length: 8)).Graph.Initializers[0].Initializer!;
        Assert.That(tensor.AsSpan<float>().ToArray(), Is.EqualTo(new[] { 1f, 2f }));
    }

    [TestCase("sub/d")]
    [TestCase(@"sub\d")]
    [TestCase("./sub/../sub/d")]
    public void May_lie_in_a_folder_below(string location)
    {
        Directory.CreateDirectory(_folder["sub"]);
        File.WriteAllBytes(_folder["sub/d"], new byte[8]);
        Assert.That(LoadWith(External("w", 2, location)).HasExternalData);
    }

    [TestCase("../d")]
    [TestCase("sub/../../d")]
    [TestCase(@"..\d")]
    [TestCase("/etc/hostname")]
    [TestCase(@"C:\Windows\win.ini")]
    [TestCase("C:d")]
    [TestCase(@"\\server\share\d")]
    [TestCase("//server/share/d")]
    [TestCase("")]
    [TestCase(".")]
    [TestCase("d\0")]
    public void Outside_the_folder_is_refused(string location) => Expect(ModelProblem.ExternalDataOutside, External("w", 2, location));

    [Test]
    public void A_link_that_leads_outside_is_refused()
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllBytes(elsewhere["d"], new byte[8]);
        File.CreateSymbolicLink(_folder["d"], elsewhere["d"]);
        Directory.CreateSymbolicLink(_folder["sub"], elsewhere.Path);

        Expect(ModelProblem.ExternalDataOutside, External("w", 2, "d"));
        Expect(ModelProblem.ExternalDataOutside, External("w", 2, "sub/d"));
    }

    [Test]
    public void A_missing_file() => Expect(ModelProblem.ExternalDataMissing, External("w", 2, "d"));

    [TestCase(0L, null)]
    [TestCase(8L, null)]
    [TestCase(4L, 8L)]
    [TestCase(0L, 4L)]
    [TestCase(long.MaxValue, null)]
    public void Too_short(long offset, long? length)
    {
        File.WriteAllBytes(_folder["d"], new byte[offset == 0 && length is null ? 7 : 8]);
        Expect(ModelProblem.ExternalDataTooShort, External("w", 2, "d", offset, length));
    }

    [Test]
    public void An_empty_data_file()
    {
        File.WriteAllBytes(_folder["d"], []);
        Expect(ModelProblem.ExternalDataTooShort, External("w", 2, "d"));
    }

    [Test]
    public void A_negative_offset()
    {
        File.WriteAllBytes(_folder["d"], new byte[8]);
        Expect(ModelProblem.InvalidTensor, External("w", 2, "d", offset: -4));
    }

    [Test]
    public void Without_a_folder_it_is_refused() => Assert.That(
        () => Load(Model(Graph(["x"], ["x"]).With(External("w", 2, "d")))),
        Throws.TypeOf<InvalidModelException>().With.Property("Problem").EqualTo(ModelProblem.ExternalDataOutside));

    private OnnxModel LoadWith(Protos.TensorProto tensor) => Load(Model(Graph(["x"], ["x"]).With(tensor)), _folder.Path);

    private void Expect(ModelProblem problem, Protos.TensorProto tensor)
    {
        var e = Assert.Throws<InvalidModelException>(() => LoadWith(tensor))!;
        Assert.That(e.Problem, Is.EqualTo(problem), e.Message);
        Assert.That(e.Message, Does.StartWith("Tensor 'w'"));
    }
}
